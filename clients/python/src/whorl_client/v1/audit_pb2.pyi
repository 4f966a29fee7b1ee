import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from whorl_client.v1 import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditQueryRequest(_message.Message):
    __slots__ = ("until", "identity", "method", "request_id", "limit", "after")
    FROM_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    until: _timestamp_pb2.Timestamp
    identity: str
    method: str
    request_id: str
    limit: int
    after: int
    def __init__(self, until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., identity: _Optional[str] = ..., method: _Optional[str] = ..., request_id: _Optional[str] = ..., limit: _Optional[int] = ..., after: _Optional[int] = ..., **kwargs) -> None: ...

class AuditEntry(_message.Message):
    __slots__ = ("number", "time", "identity", "certificate", "method", "call_id", "request_id", "purpose", "case_reference", "gallery", "subject", "outcome", "count", "hash")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CASE_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    GALLERY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    number: int
    time: _timestamp_pb2.Timestamp
    identity: str
    certificate: str
    method: str
    call_id: str
    request_id: str
    purpose: _common_pb2.Purpose
    case_reference: str
    gallery: str
    subject: str
    outcome: str
    count: int
    hash: str
    def __init__(self, number: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., identity: _Optional[str] = ..., certificate: _Optional[str] = ..., method: _Optional[str] = ..., call_id: _Optional[str] = ..., request_id: _Optional[str] = ..., purpose: _Optional[_Union[_common_pb2.Purpose, str]] = ..., case_reference: _Optional[str] = ..., gallery: _Optional[str] = ..., subject: _Optional[str] = ..., outcome: _Optional[str] = ..., count: _Optional[int] = ..., hash: _Optional[str] = ...) -> None: ...

class VerifyChainRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class VerifyChainResponse(_message.Message):
    __slots__ = ("intact", "entries", "head", "fault")
    INTACT_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    intact: bool
    entries: int
    head: str
    fault: str
    def __init__(self, intact: _Optional[bool] = ..., entries: _Optional[int] = ..., head: _Optional[str] = ..., fault: _Optional[str] = ...) -> None: ...
