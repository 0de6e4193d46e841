#include "cell/supervise.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <csignal>

#include "cell/watchdog.hpp"

using namespace host;
using namespace host::cell;

namespace {

constexpr int64_t s = 1'000'000'000;
constexpr auto in_submit = static_cast<uint32_t>(engine::Call::submit) | engine::CallSlot::backend_bit;

int exited(int code) { return W_EXITCODE(code, 0); }
int killed_by(int signal) { return W_EXITCODE(0, signal); }

struct Ended {
  CellShared page;
  CellSpec cell;
  Ended() {
    cell.workload = "q1";
    cell.backend = "threads";
  }
  CellEnd how(int status, std::optional<uint32_t> killed_for = {}) {
    return how_it_ended(status, page, cell, killed_for);
  }
};

engine::CallSlot& feed(engine::CallWatch& watch) {
  return watch.threads[static_cast<size_t>(engine::CallThread::feed)];
}

}  // namespace

TEST_CASE_FIXTURE(Ended, "a cell that wrote its result has finished, whatever came after") {
  page.watch.finished = 1;
  page.watch.offered = 7;
  page.watch.done = 6;
  const auto ok = how(exited(0));
  CHECK(ok.kind == CellEnd::Kind::finished);
  CHECK(ok.exit == base::Exit::ok);
  CHECK(ok.reason.empty());
  CHECK(ok.offered == 7);
  CHECK(ok.done == 6);
  CHECK(how(killed_by(SIGSEGV)).kind == CellEnd::Kind::finished);
  CHECK(how(killed_by(SIGSEGV)).reason == "SIGSEGV after the result was written");
}

TEST_CASE_FIXTURE(Ended, "an error of its own is told in its words") {
  page.set_error("no such trace");
  const auto end = how(exited(2));
  CHECK(end.kind == CellEnd::Kind::refused);
  CHECK(end.reason == "no such trace");
  CHECK(end.exit == static_cast<base::Exit>(2));
}

TEST_CASE_FIXTURE(Ended, "a crash is told with the call it happened in, or with what is known") {
  CHECK(how(killed_by(SIGSEGV)).reason == "SIGSEGV outside any plugin call");
  CHECK(how(killed_by(SIGKILL)).reason == "SIGKILL from outside: out of memory, or someone's kill");
  page.watch.crashed_thread = 2;
  CHECK(how(killed_by(SIGABRT)).reason == "SIGABRT in a thread that a plugin ('threads' or 'q1') had started");
  page.watch.crashed_call = in_submit;
  const auto end = how(killed_by(SIGSEGV));
  CHECK(end.kind == CellEnd::Kind::crashed);
  CHECK(end.signal == "SIGSEGV");
  CHECK(end.place == "backend.submit of 'threads'");
}

TEST_CASE_FIXTURE(Ended, "an exit without a word is a plugin's") {
  feed(page.watch).call = in_submit;
  const auto end = how(exited(3));
  CHECK(end.kind == CellEnd::Kind::vanished);
  CHECK(end.exit == base::Exit::failed);
  CHECK(end.reason == "the process exited with code 3 in backend.submit of 'threads'; a plugin must not call exit()");
}

TEST_CASE_FIXTURE(Ended, "one that the supervisor killed hung, or did not stop; unless it crashed first") {
  const auto hung = how(killed_by(SIGKILL), in_submit);
  CHECK(hung.kind == CellEnd::Kind::hung);
  CHECK(hung.reason == "backend.submit of 'threads' did not return in time; killed");
  CHECK(hung.signal.empty());
  constexpr auto in_open = static_cast<uint32_t>(engine::Call::open) | engine::CallSlot::backend_bit;
  CHECK(how(killed_by(SIGKILL), in_open).reason ==
        "backend.open of 'threads' did not return in time; killed after 120 s; give it longer with --open-timeout");
  const auto stubborn = how(killed_by(SIGKILL), 0);
  CHECK(stubborn.kind == CellEnd::Kind::killed);
  CHECK(stubborn.exit == base::Exit::interrupted);
  CHECK(how(killed_by(SIGSEGV), in_submit).kind == CellEnd::Kind::crashed);
  page.watch.out_of_time = 1;
  cell.max_duration_s = 90;
  const auto late = how(killed_by(SIGKILL), 0);
  CHECK(late.reason == "did not end after its 90 s (--max-duration) were over; killed");
  CHECK(late.exit == base::Exit::failed);
}

TEST_CASE("a call past its deadline at two looks in a row is hung; one that ended in between is not") {
  engine::CallWatch watch;
  Watchdog watchdog(5 * s);
  feed(watch).call = in_submit;
  feed(watch).deadline_ns = 10 * s;
  CHECK_FALSE(watchdog.look(watch, 0, 10 * s));
  CHECK_FALSE(watchdog.look(watch, 0, 11 * s));
  feed(watch).call = 0;
  CHECK_FALSE(watchdog.look(watch, 0, 12 * s));
  feed(watch).call = in_submit;
  CHECK_FALSE(watchdog.look(watch, 0, 13 * s));
  CHECK(watchdog.look(watch, 0, 14 * s));
  CHECK(watchdog.hung_call() == in_submit);
  feed(watch).call = 0;
  CHECK(watchdog.look(watch, 0, 15 * s));  // there is no way back
}

TEST_CASE("a call without a deadline may take for ever") {
  engine::CallWatch watch;
  Watchdog watchdog(5 * s);
  feed(watch).call = in_submit;
  CHECK_FALSE(watchdog.look(watch, 0, 1 * s));
  CHECK_FALSE(watchdog.look(watch, 0, INT64_MAX));
}

TEST_CASE("asked to stop it may drain, asked twice it may write, asked three times it is killed") {
  engine::CallWatch watch;
  Watchdog once(5 * s);
  CHECK_FALSE(once.look(watch, 0, 100 * s));
  CHECK_FALSE(once.look(watch, 1, 101 * s));
  CHECK_FALSE(once.look(watch, 1, 101 * s + 5 * s + Watchdog::stop_grace_ns - 1));
  CHECK(once.look(watch, 1, 101 * s + 5 * s + Watchdog::stop_grace_ns));
  CHECK(once.hung_call() == 0);

  Watchdog twice(500 * s);
  CHECK_FALSE(twice.look(watch, 1, 101 * s));
  CHECK_FALSE(twice.look(watch, 2, 102 * s));
  CHECK_FALSE(twice.look(watch, 2, 102 * s + Watchdog::stop_grace_ns - 1));
  CHECK(twice.look(watch, 2, 102 * s + Watchdog::stop_grace_ns));

  Watchdog thrice(500 * s);
  CHECK_FALSE(thrice.look(watch, 2, 101 * s));
  CHECK(thrice.look(watch, 3, 102 * s));
}

TEST_CASE("a load that takes longer than it may is asked to stop, once requests are being offered") {
  engine::CallWatch watch;
  Watchdog watchdog(5 * s, 60 * s);
  CHECK_FALSE(watchdog.out_of_time(watch, 1000 * s));  // opening has limits of its own
  watch.load_since_ns = 1000 * s;
  CHECK_FALSE(watchdog.out_of_time(watch, 1060 * s));
  CHECK(watchdog.out_of_time(watch, 1061 * s));
  watch.load_since_ns = 0;
  CHECK(watchdog.out_of_time(watch, 1062 * s));  // that it was too long stays true
  watch.load_since_ns = 1000 * s;
  Watchdog ever(5 * s);
  CHECK_FALSE(ever.out_of_time(watch, INT64_MAX));
}

TEST_CASE("signals that come together count once, and none ends the process meanwhile") {
  StopSignals stop;
  CHECK(stop.count() == 0);
  raise(SIGTERM);
  raise(SIGINT);
  CHECK(stop.count() == 1);
  CHECK(stop.count() == 1);
}
