// Replaces the functions by which Verilator's run time ends the process. Verilated.cpp is compiled without its own.

#include <cstdio>
#include <mutex>
#include <string>

#include "verilated.h"

#include "failure.h"

thread_local bool assertion_failed = false;

namespace {
std::mutex text_mutex;
std::string text;

void record(const char* what, const char* file, int line) {
  const std::lock_guard<std::mutex> lock{text_mutex};
  text = std::string{what} + " at " + (file ? file : "?") + ":" + std::to_string(line);
  std::fflush(stdout);  // the assertion's own message
}
}  // namespace

void vl_finish(const char* file, int line, const char*) VL_MT_UNSAFE {
  record("$finish", file, line);
  assertion_failed = true;
}

void vl_stop(const char* file, int line, const char*) VL_MT_UNSAFE {
  record("assertion", file, line);
  assertion_failed = true;
}

void vl_fatal(const char* file, int line, const char*, const char* message) VL_MT_UNSAFE {
  record(message, file, line);
  throw Failure{};
}

// Copies the reason of the latest failure to `out`, at most `bytes` of it, and returns how many.
extern "C" size_t failure_text(char* out, size_t bytes) {
  const std::lock_guard<std::mutex> lock{text_mutex};
  return text.copy(out, bytes);
}
