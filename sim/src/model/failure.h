// How a failed assertion of the model leaves it: with a mark for the shim to see, not with the end of the process.

#pragma once

// Thrown where the run time must not go on.
struct Failure {};

// Set when an assertion failed on this thread; the shim clears it. An assertion may fail inside a coroutine, which no
// exception leaves, so it lets the cycle come to its end.
extern thread_local bool assertion_failed;
