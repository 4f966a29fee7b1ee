from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Purpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PURPOSE_UNSPECIFIED: _ClassVar[Purpose]
    PURPOSE_CRIMINAL_JUSTICE: _ClassVar[Purpose]
    PURPOSE_CIVIL_APPLICANT: _ClassVar[Purpose]
    PURPOSE_BORDER: _ClassVar[Purpose]
    PURPOSE_INVESTIGATION: _ClassVar[Purpose]
    PURPOSE_HUMANITARIAN: _ClassVar[Purpose]
    PURPOSE_DEDUPLICATION: _ClassVar[Purpose]
    PURPOSE_SYSTEM_TEST: _ClassVar[Purpose]

class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATUS_UNSPECIFIED: _ClassVar[Status]
    STATUS_ACTIVE: _ClassVar[Status]
    STATUS_SEALED: _ClassVar[Status]
PURPOSE_UNSPECIFIED: Purpose
PURPOSE_CRIMINAL_JUSTICE: Purpose
PURPOSE_CIVIL_APPLICANT: Purpose
PURPOSE_BORDER: Purpose
PURPOSE_INVESTIGATION: Purpose
PURPOSE_HUMANITARIAN: Purpose
PURPOSE_DEDUPLICATION: Purpose
PURPOSE_SYSTEM_TEST: Purpose
STATUS_UNSPECIFIED: Status
STATUS_ACTIVE: Status
STATUS_SEALED: Status
