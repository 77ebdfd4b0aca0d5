// Which rows a model evaluates next, where many sequences share it.
#ifndef FULLSTOP_ENGINE_ROW_SCHEDULER_H_
#define FULLSTOP_ENGINE_ROW_SCHEDULER_H_

#include <cstdint>
#include <map>
#include <vector>

#include "model/forward.h"

namespace fullstop {

// Cuts what sequences wait for into steps. A step has every row that waits to
// be decoded, so that no reply waits for another's prompt, and beside them a
// bounded number of prompt rows, of which each prompt gets an equal share and
// leaves to the others what it does not need: a short prompt never waits for a
// long one. Where there are more prompts than rows, those that waited longest
// come first. A value: knows numbers alone. One thread.
class RowScheduler {
 public:
  using Ticket = uint64_t;

  struct Options {
    // The most prompt rows of a step without rows to decode, and with: then
    // each reply waits for them. At least 1.
    int32_t prefill_rows = 512;
    int32_t mixed_rows = 128;
  };

  // Rows [first, first + count) of what TICKET waits for.
  struct Part {
    Ticket ticket;
    int32_t first;
    int32_t count;
    bool operator==(const Part&) const = default;
  };
  // By ticket.
  struct Step {
    std::vector<Part> decode;
    std::vector<Part> prefill;
  };

  explicit RowScheduler(const Options& options) : options_(options) {}

  // COUNT rows (at least 1) wait from now on. TICKET is new.
  void Add(Ticket ticket, Phase phase, int32_t count);
  // What is left of TICKET waits no more; nothing where there is none.
  void Remove(Ticket ticket);
  // The next rows, which wait no more. Both lists are empty only where nothing
  // waits.
  Step Next();

  bool empty() const { return decode_.empty() && prefill_.empty(); }

 private:
  struct Prompt {
    int32_t first = 0;  // of the rows that wait
    int32_t count = 0;
    uint64_t served = 0;  // the step that last took rows of it, or of its
                          // arrival
  };

  // The prompts that get rows of a step with ROWS of them: those that need
  // least first.
  std::vector<Ticket> Chosen(size_t rows) const;

  Options options_;
  std::map<Ticket, int32_t> decode_;
  std::map<Ticket, Prompt> prefill_;
  uint64_t steps_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_ROW_SCHEDULER_H_
