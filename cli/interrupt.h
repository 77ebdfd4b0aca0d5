// Ctrl-C as a count that the program looks at when it suits.
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

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_INTERRUPT_H_
