#include "cli/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>

#include "cli/terminal.h"

namespace fullstop::cli {
namespace {

std::atomic<int> interrupts{0};
static_assert(std::atomic<int>::is_always_lock_free);
volatile sig_atomic_t resized = 0;
// Readable while an interrupt has not been taken: a signal may come between a
// look at the count and the wait for input, or to another thread.
int pending = -1;

// Written before the handlers are set, read in them.
termios terminal = {};
bool terminal_known = false;
bool has_escapes = false;

void RestoreTerminal() {
  if (!terminal_known) return;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
  if (!has_escapes) return;
  constexpr char kEndOfPaste[] = "\033[?2004l\033[0m";
  const ssize_t ignored =
      ::write(STDOUT_FILENO, kEndOfPaste, sizeof(kEndOfPaste) - 1);
  (void)ignored;
}

void OnInterrupt(int) {
  const int error_number = errno;
  const uint64_t one = 1;
  const ssize_t ignored = ::write(pending, &one, sizeof(one));
  (void)ignored;
  errno = error_number;
  if (interrupts.fetch_add(1) < 2) return;
  RestoreTerminal();
  ::_exit(130);
}

// The program dies of the signal all the same.
void OnEnd(int signal) {
  RestoreTerminal();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void OnResize(int) { resized = 1; }

void Handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

void CountInterrupts() {
  pending = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  // No SA_RESTART: a read that waits for the user has to return.
  Handle(SIGINT, OnInterrupt, 0);
}

int TakeInterrupts() {
  // In this order: one that comes in between is seen by its count.
  const int taken = interrupts.exchange(0);
  uint64_t drained = 0;
  const ssize_t ignored = ::read(pending, &drained, sizeof(drained));
  (void)ignored;
  return taken;
}

bool Interrupted() { return interrupts.load() > 0; }

bool WaitForInput() {
  pollfd wanted[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                     {.fd = pending, .events = POLLIN, .revents = 0}};
  while (!Interrupted()) {
    if (::poll(wanted, 2, -1) > 0 && wanted[0].revents != 0) return true;
  }
  return false;
}

void RestoreTerminalOnSignal() {
  has_escapes = HasEscapes(stdout);
  terminal_known = ::tcgetattr(STDIN_FILENO, &terminal) == 0;
  for (const int signal : {SIGTERM, SIGQUIT, SIGHUP}) {
    Handle(signal, OnEnd, SA_RESTART);
  }
}

bool TakeResize() {
  static const bool kWatching = [] {
    Handle(SIGWINCH, OnResize, SA_RESTART);
    return true;
  }();
  (void)kWatching;
  const bool was = resized != 0;
  resized = 0;
  return was;
}

}  // namespace fullstop::cli
