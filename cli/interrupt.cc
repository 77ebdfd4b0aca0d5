#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace fullstop::cli {
namespace {

std::atomic<int> interrupts{0};
static_assert(std::atomic<int>::is_always_lock_free);

void OnInterrupt(int) {
  if (interrupts.fetch_add(1) >= 2) ::_exit(130);
}

}  // namespace

void CountInterrupts() {
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a read that waits for the user has to return.
  ::sigaction(SIGINT, &action, nullptr);
}

int TakeInterrupts() { return interrupts.exchange(0); }

bool Interrupted() { return interrupts.load() > 0; }

}  // namespace fullstop::cli
