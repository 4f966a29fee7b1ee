import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from whorl_client.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EnrollRequest(_message.Message):
    __slots__ = ("request_id", "gallery", "subject", "encounter", "templates")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    gallery: str
    subject: str
    encounter: str
    templates: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, request_id: _Optional[str] = ..., gallery: _Optional[str] = ..., subject: _Optional[str] = ..., encounter: _Optional[str] = ..., templates: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("sequence", "replayed", "references", "time")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    replayed: bool
    references: int
    time: _timestamp_pb2.Timestamp
    def __init__(self, sequence: _Optional[int] = ..., replayed: _Optional[bool] = ..., references: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EnrollResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: Receipt
    def __init__(self, receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class EnrollOutcome(_message.Message):
    __slots__ = ("request_id", "receipt", "failure")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    receipt: Receipt
    failure: EnrollFailure
    def __init__(self, request_id: _Optional[str] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., failure: _Optional[_Union[EnrollFailure, _Mapping]] = ...) -> None: ...

class EnrollFailure(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class GetEncounterRequest(_message.Message):
    __slots__ = ("gallery", "subject", "encounter", "purpose")
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    gallery: str
    subject: str
    encounter: str
    purpose: _common_pb2.Purpose
    def __init__(self, gallery: _Optional[str] = ..., subject: _Optional[str] = ..., encounter: _Optional[str] = ..., purpose: _Optional[_Union[_common_pb2.Purpose, str]] = ...) -> None: ...

class GetEncounterResponse(_message.Message):
    __slots__ = ("templates", "fingers", "status", "enrolled", "sequence")
    TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    FINGERS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    templates: _containers.RepeatedScalarFieldContainer[bytes]
    fingers: _containers.RepeatedCompositeFieldContainer[EnrolledFinger]
    status: _common_pb2.Status
    enrolled: _timestamp_pb2.Timestamp
    sequence: int
    def __init__(self, templates: _Optional[_Iterable[bytes]] = ..., fingers: _Optional[_Iterable[_Union[EnrolledFinger, _Mapping]]] = ..., status: _Optional[_Union[_common_pb2.Status, str]] = ..., enrolled: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sequence: _Optional[int] = ...) -> None: ...

class EnrolledFinger(_message.Message):
    __slots__ = ("position", "template", "view")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    position: int
    template: int
    view: int
    def __init__(self, position: _Optional[int] = ..., template: _Optional[int] = ..., view: _Optional[int] = ...) -> None: ...

class SetStatusRequest(_message.Message):
    __slots__ = ("request_id", "gallery", "subject", "encounter", "status")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    gallery: str
    subject: str
    encounter: str
    status: _common_pb2.Status
    def __init__(self, request_id: _Optional[str] = ..., gallery: _Optional[str] = ..., subject: _Optional[str] = ..., encounter: _Optional[str] = ..., status: _Optional[_Union[_common_pb2.Status, str]] = ...) -> None: ...

class SetStatusResponse(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: Receipt
    def __init__(self, receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class ExpungeRequest(_message.Message):
    __slots__ = ("request_id", "gallery", "subject", "encounter", "wait_for_removal")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTER_FIELD_NUMBER: _ClassVar[int]
    WAIT_FOR_REMOVAL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    gallery: str
    subject: str
    encounter: str
    wait_for_removal: bool
    def __init__(self, request_id: _Optional[str] = ..., gallery: _Optional[str] = ..., subject: _Optional[str] = ..., encounter: _Optional[str] = ..., wait_for_removal: _Optional[bool] = ...) -> None: ...

class ExpungeResponse(_message.Message):
    __slots__ = ("receipt", "removed")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    receipt: Receipt
    removed: bool
    def __init__(self, receipt: _Optional[_Union[Receipt, _Mapping]] = ..., removed: _Optional[bool] = ...) -> None: ...

class CountRequest(_message.Message):
    __slots__ = ("gallery",)
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    gallery: str
    def __init__(self, gallery: _Optional[str] = ...) -> None: ...

class CountResponse(_message.Message):
    __slots__ = ("subjects", "encounters", "references", "sealed_encounters")
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    ENCOUNTERS_FIELD_NUMBER: _ClassVar[int]
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    SEALED_ENCOUNTERS_FIELD_NUMBER: _ClassVar[int]
    subjects: int
    encounters: int
    references: int
    sealed_encounters: int
    def __init__(self, subjects: _Optional[int] = ..., encounters: _Optional[int] = ..., references: _Optional[int] = ..., sealed_encounters: _Optional[int] = ...) -> None: ...

class ListPartitionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPartitionsResponse(_message.Message):
    __slots__ = ("partitions",)
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    partitions: _containers.RepeatedCompositeFieldContainer[Partition]
    def __init__(self, partitions: _Optional[_Iterable[_Union[Partition, _Mapping]]] = ...) -> None: ...

class Partition(_message.Message):
    __slots__ = ("gallery", "position", "references", "bytes", "shards", "generation")
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    REFERENCES_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SHARDS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    gallery: str
    position: int
    references: int
    bytes: int
    shards: int
    generation: int
    def __init__(self, gallery: _Optional[str] = ..., position: _Optional[int] = ..., references: _Optional[int] = ..., bytes: _Optional[int] = ..., shards: _Optional[int] = ..., generation: _Optional[int] = ...) -> None: ...
