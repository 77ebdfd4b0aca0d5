#include "cli/interrupt.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "cli/terminal.h"

namespace fullstop::cli {
namespace {

std::atomic<int> interrupts{0};
static_assert(std::atomic<int>::is_always_lock_free);
volatile sig_atomic_t resized = 0;

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
  // No SA_RESTART: a read that waits for the user has to return.
  Handle(SIGINT, OnInterrupt, 0);
}

int TakeInterrupts() { return interrupts.exchange(0); }

bool Interrupted() { return interrupts.load() > 0; }

void RestoreTerminalOnSignal() {
  has_escapes = HasEscapes(stdout);
  terminal_known = ::tcgetattr(STDIN_FILENO, &terminal) == 0;
  for (const int signal : {SIGTERM, SIGQUIT, SIGHUP}) {
    Handle(signal, OnEnd, SA_RESTART);
  }
}

bool TakeResize() {
  static const bool watching = [] {
    Handle(SIGWINCH, OnResize, SA_RESTART);
    return true;
  }();
  (void)watching;
  const bool was = resized != 0;
  resized = 0;
  return was;
}

}  // namespace fullstop::cli
