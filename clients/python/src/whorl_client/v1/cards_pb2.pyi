from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Card(_message.Message):
    __slots__ = ("name", "role", "state", "reason", "comparisons_per_second")
    class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ROLE_UNSPECIFIED: _ClassVar[Card.Role]
        ROLE_WORKER: _ClassVar[Card.Role]
        ROLE_SPARE: _ClassVar[Card.Role]
    ROLE_UNSPECIFIED: Card.Role
    ROLE_WORKER: Card.Role
    ROLE_SPARE: Card.Role
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Card.State]
        STATE_IN_SERVICE: _ClassVar[Card.State]
        STATE_DRAINING: _ClassVar[Card.State]
        STATE_DRAINED: _ClassVar[Card.State]
        STATE_OUT_OF_SERVICE: _ClassVar[Card.State]
    STATE_UNSPECIFIED: Card.State
    STATE_IN_SERVICE: Card.State
    STATE_DRAINING: Card.State
    STATE_DRAINED: Card.State
    STATE_OUT_OF_SERVICE: Card.State
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    name: str
    role: Card.Role
    state: Card.State
    reason: str
    comparisons_per_second: int
    def __init__(self, name: _Optional[str] = ..., role: _Optional[_Union[Card.Role, str]] = ..., state: _Optional[_Union[Card.State, str]] = ..., reason: _Optional[str] = ..., comparisons_per_second: _Optional[int] = ...) -> None: ...

class ListCardsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCardsResponse(_message.Message):
    __slots__ = ("cards",)
    CARDS_FIELD_NUMBER: _ClassVar[int]
    cards: _containers.RepeatedCompositeFieldContainer[Card]
    def __init__(self, cards: _Optional[_Iterable[_Union[Card, _Mapping]]] = ...) -> None: ...

class GetCardRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DrainCardRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ResumeCardRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ResetCardRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class SelfTestRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class SelfTestResponse(_message.Message):
    __slots__ = ("passed", "steps", "card")
    PASSED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    passed: bool
    steps: _containers.RepeatedCompositeFieldContainer[SelfTestStep]
    card: Card
    def __init__(self, passed: _Optional[bool] = ..., steps: _Optional[_Iterable[_Union[SelfTestStep, _Mapping]]] = ..., card: _Optional[_Union[Card, _Mapping]] = ...) -> None: ...

class SelfTestStep(_message.Message):
    __slots__ = ("name", "passed", "detail")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    passed: bool
    detail: str
    def __init__(self, name: _Optional[str] = ..., passed: _Optional[bool] = ..., detail: _Optional[str] = ...) -> None: ...

class WatchCardsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
