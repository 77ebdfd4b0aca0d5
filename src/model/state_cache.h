// The recurrent states of all sequences on this machine, with checkpoints to go
// back to.
#ifndef FULLSTOP_MODEL_STATE_CACHE_H_
#define FULLSTOP_MODEL_STATE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "model/forward.h"
#include "model/graph.h"

namespace fullstop {

// A state can't be cut: what it was some positions ago is lost, unless it was
// copied. So a sequence keeps copies of its states at checkpoints
// (checkpoints.h), and its rows: a cut goes back to the nearest copy before it,
// from which the rows up to the cut must be evaluated again. Of a model without
// states the rows alone are kept, and a cut goes back to itself.
// A sequence's states stand at Position(); its rows, which are what its length
// says, may reach further after a cut. Copies of a sequence share memory until
// one of them writes. One thread; but between Begin() and End() any number may
// call Live() and Checkpoint() and use the memory of different states.
class StateCache {
 public:
  // How a position was evaluated.
  struct Entry {
    TokenId token;
    // Null for a token.
    std::shared_ptr<const std::vector<float>> embedding;
    Phase phase;
  };

  explicit StateCache(const std::vector<StateSpec>& states);

  // There are no states.
  bool empty() const { return width_ == 0; }
  // The most that a sequence of LENGTH positions takes: its states, what is
  // kept to go back to, its rows.
  uint64_t Bytes(int32_t length) const;

  // The number of rows; 0 for an unknown sequence.
  int32_t Length(SequenceId sequence) const;
  // The number of rows that the states have seen, at most Length().
  int32_t Position(SequenceId sequence) const;
  // The rows from Position() on.
  std::span<const Entry> Behind(SequenceId sequence) const;

  // Makes the states, and room for checkpoints up to LENGTH positions, the
  // sequence's own. Throws Error (kLimit) where memory runs out; nothing has
  // changed then.
  void Begin(SequenceId sequence, int32_t length);
  // One state of a sequence that was begun.
  float* Live(SequenceId sequence, StateId state) const;
  // Where to copy a state that has seen POSITION positions; null where that is
  // no checkpoint.
  float* Checkpoint(SequenceId sequence, StateId state, int32_t position) const;
  // The states have now seen the LENGTH positions that they were begun for.
  void End(SequenceId sequence, int32_t length);
  // Gives up what was begun, if it was: the states go back to a checkpoint.
  void Abandon(SequenceId sequence);
  // To POSITION, or a checkpoint before it.
  void GoBack(SequenceId sequence, int32_t position);

  void Append(SequenceId sequence, Entry entry);

  // As of ForwardModel. Length() is LENGTH afterwards, Position() may be less.
  void Copy(SequenceId from, SequenceId to, int32_t length);
  void Cut(SequenceId sequence, int32_t length);
  void Drop(SequenceId sequence);

 private:
  // All states of one sequence at one position.
  using Buffer = std::shared_ptr<float[]>;

  struct Sequence {
    int32_t position = 0;
    // Null while position is 0.
    Buffer live;
    // By position.
    std::map<int32_t, Buffer> checkpoints;
    std::vector<Entry> rows;
  };

  Buffer NewBuffer() const;
  // Takes the states back to the last checkpoint at or before POSITION.
  void GoBack(Sequence& sequence, int32_t position) const;

  std::vector<uint64_t> offsets_;
  uint64_t width_ = 0;
  std::map<SequenceId, Sequence> sequences_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_STATE_CACHE_H_
