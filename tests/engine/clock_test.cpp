#include "engine/clock.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace host::engine;

namespace {
constexpr int64_t an_hour_ns = 3'600'000'000'000;  // a wait that is not cut short hangs the test
}

TEST_CASE("a wait whose condition holds already does not sleep") {
  Wake wake;
  wake.wait(an_hour_ns, [] { return true; });
}

TEST_CASE("a notification that comes while the condition is looked at is not lost") {
  Wake wake;
  wake.wait(an_hour_ns, [&] {
    wake.notify();
    return false;
  });
}

TEST_CASE("a sleeping thread is woken") {
  Wake wake;
  std::atomic<bool> ready{false};
  std::atomic<bool> over{false};
  std::thread sleeper([&] {
    while (!ready) wake.wait(an_hour_ns, [&] { return ready.load(); });
    over = true;
  });
  ready = true;
  while (!over) wake.notify();
  sleeper.join();
}

TEST_CASE("no notification is missed, though notifiers have no fence") {
  constexpr int rounds = 100'000;
  Wake wake;
  std::atomic<int> done{0};
  std::atomic<int> seen{0};
  std::thread waiter([&] {
    for (int i = 1; i <= rounds; ++i) {
      while (done.load(std::memory_order_acquire) < i)
        wake.wait(an_hour_ns, [&] { return done.load(std::memory_order_relaxed) >= i; });
      seen.store(i, std::memory_order_release);
    }
  });
  for (int i = 1; i <= rounds; ++i) {
    done.store(i, std::memory_order_release);
    wake.notify();
    while (seen.load(std::memory_order_acquire) < i) std::this_thread::yield();
  }
  waiter.join();
}

TEST_CASE("nobody has to notify: every wait has a limit") {
  Wake wake;
  wake.wait(1'000'000, [] { return false; });
}

TEST_CASE("virtual time moves when it is told to, and never back") {
  Clock clock(true);
  const auto start = clock.now_ns();
  CHECK(start != 0);
  CHECK(clock.now_ns() == start);
  clock.jump_to(start + 5);
  clock.jump_to(start + 3);
  CHECK(clock.now_ns() == start + 5);
}
