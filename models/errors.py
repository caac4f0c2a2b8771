"""What can go wrong between a model package and a verdict.

    ModelError
    ├── PackageError          the package on disk may not be used (schema, hash, unlisted file, unsafe name)
    │   └── PackageMissing    there is nothing at the package's path
    ├── RuntimeUnavailable    the inference runtime is not installed on this machine
    ├── InferenceError        a runtime failed on one picture; the part is ERROR
    ├── SelfTestFailed        golden frames came out wrong on this machine; the package may not judge parts here
    ├── RecordError           a station's record of a certification does not count (not its own, changed, unreadable)
    ├── BadPicture            what the camera gave is no picture this model can judge (shape, dtype, size)
    └── CatalogueError        a defect catalogue is wrong, or may not be changed so

Every message is one sentence that ends with what to do.
"""


class ModelError(Exception):
    """Root of everything the room `models` raises on purpose."""


class PackageError(ModelError):
    """The package is refused before any parser has seen its content."""


class PackageMissing(PackageError):
    """There is no package to refuse: a wrong path or a model not yet trained, not a question of safety."""


class RuntimeUnavailable(ModelError):
    """The runtime that an artefact needs cannot be imported here."""


class InferenceError(ModelError):
    """The runtime failed while judging one picture."""


class SelfTestFailed(ModelError):
    """Golden frames do not give their recorded scores on this machine."""


class RecordError(ModelError):
    """A record of a certification that does not count; certify again."""


class BadPicture(ModelError):
    """The array is not a picture this model can judge."""


class CatalogueError(ModelError):
    """A defect catalogue that is wrong, or a change of it that must not be."""
