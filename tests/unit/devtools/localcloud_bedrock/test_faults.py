"""Which request meets which fault, and what the fault does to an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.localcloud.bedrock import frames
from devtools.localcloud.bedrock.faults import Fault, FaultBook, FaultKind, Hit

FRAMES = [frames.event(name, {}) for name in ("messageStart", "a", "b", "messageStop", "metadata")]


def take(book: FaultBook, *, streaming: bool = True, model: str = "m", role: str = "r") -> Hit:
    return book.take(streaming=streaming, model=model, role=role)


def test_a_fault_is_used_up() -> None:
    book = FaultBook([Fault(FaultKind.THROTTLED, count=2)])
    kinds = [hit.answer and hit.answer.kind for hit in (take(book), take(book), take(book))]
    assert kinds == [FaultKind.THROTTLED, FaultKind.THROTTLED, None]


def test_an_unlimited_fault_stays_until_cleared() -> None:
    book = FaultBook([Fault(FaultKind.THROTTLED, count=None)])
    assert all(take(book).answer for _ in range(5))
    book.clear()
    assert take(book) == Hit()


def test_faults_of_one_phase_queue_up_and_of_different_phases_add_up() -> None:
    book = FaultBook()
    book.add(
        [
            Fault(FaultKind.LATENCY, seconds=1),
            Fault(FaultKind.THROTTLED),
            Fault(FaultKind.CUT),
            Fault(FaultKind.IDLE_CLOSE),
        ]
    )
    first, second = take(book), take(book)
    assert first.before is not None
    assert first.answer is not None
    assert first.after is not None
    assert first.answer.kind is FaultKind.THROTTLED
    assert second == Hit(answer=Fault(FaultKind.CUT))


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        (Fault(FaultKind.CUT, model="m", role="r"), True),
        (Fault(FaultKind.CUT, model="other"), False),
        (Fault(FaultKind.CUT, role="other"), False),
        (Fault(FaultKind.CUT), True),
        # There are no frames to spoil in a Converse answer.
        (Fault(FaultKind.NO_MESSAGE_STOP), False),
        (Fault(FaultKind.STREAM_THROTTLED), False),
    ],
)
def test_a_fault_waits_for_the_request_it_is_meant_for(fault: Fault, hit: bool) -> None:
    assert (take(FaultBook([fault]), streaming=False).answer is not None) is hit


def test_a_stream_exception_ends_the_stream() -> None:
    spoiled = Fault(FaultKind.STREAM_THROTTLED, after_frames=1, message="no").spoil(FRAMES)
    assert spoiled == [FRAMES[0], frames.exception("throttlingException", {"message": "no"})]


def test_a_stream_without_message_stop() -> None:
    assert Fault(FaultKind.NO_MESSAGE_STOP).spoil(FRAMES) == FRAMES[:3]


@given(after_frames=st.integers(0, 10))
def test_a_malformed_frame_is_the_only_difference(after_frames: int) -> None:
    spoiled = Fault(FaultKind.MALFORMED_FRAME, after_frames=after_frames).spoil(FRAMES)
    different = [i for i, (a, b) in enumerate(zip(FRAMES, spoiled, strict=True)) if a != b]
    assert different == [min(after_frames, 4)]


@given(
    fault=st.builds(
        Fault,
        kind=st.sampled_from(FaultKind),
        count=st.none() | st.integers(min_value=1),
        after_frames=st.integers(min_value=0),
        seconds=st.floats(min_value=0, max_value=60),
        model=st.none() | st.text(),
        role=st.none() | st.text(),
        message=st.none() | st.text(),
    )
)
def test_a_fault_survives_the_admin_api(fault: Fault) -> None:
    assert Fault.from_json(fault.to_json()) == fault


@pytest.mark.parametrize(
    "value",
    [
        3,
        {},
        {"kind": "surprise"},
        {"kind": "cut", "colour": "red"},
        {"kind": "cut", "count": 0},
        {"kind": "cut", "count": "two"},
        {"kind": "cut", "after_frames": -1},
        {"kind": "stall", "seconds": -1},
        {"kind": "latency"},
    ],
)
def test_what_is_no_fault_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Fault.from_json(value)
