// Signals: Ctrl-C as a count that the program looks at when it suits, and a
// terminal that is left as it was found.
#ifndef FULLSTOP_CLI_INTERRUPT_H_
#define FULLSTOP_CLI_INTERRUPT_H_

namespace fullstop::cli {

// From now on SIGINT is counted and no longer ends the program; the third one
// in a row that nobody has taken does.
void CountInterrupts();
// How many came since the last call.
int TakeInterrupts();
// Whether any came, without taking them.
bool Interrupted();
// Waits for standard input; false where an interrupt came first, or has not
// been taken yet.
bool WaitForInput();

// From now on the terminal of standard input gets its present settings back
// when a signal ends the program.
void RestoreTerminalOnSignal();

// Whether the terminal's size changed since the last call; asked for the first
// time, it begins to watch.
bool TakeResize();

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_INTERRUPT_H_
