// Which ids the sequences of a model's cache hold, so that a text finds its
// beginning among them.
#ifndef FULLSTOP_ENGINE_PREFIX_STORE_H_
#define FULLSTOP_ENGINE_PREFIX_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/token_id.h"
#include "model/forward.h"

namespace fullstop {

// Follows what is done to the sequences; an id that no text has (-1) stands for
// a position that must not be found. Retired sequences are nobody's: they are
// kept to be found, and go first where room is needed. Find looks at each
// sequence, so hundreds of them are as many as it is made for. Copying costs
// all ids. One thread.
class PrefixStore {
 public:
  struct Match {
    SequenceId sequence = 0;
    int32_t length = 0;  // 0: nothing was found
    bool operator==(const Match&) const = default;
  };

  // IDS follow on what SEQUENCE holds.
  void Append(SequenceId sequence, std::span<const TokenId> ids);
  void Cut(SequenceId sequence, int32_t length);
  // Makes TO, which is in use then, equal to the first LENGTH ids of FROM.
  void Copy(SequenceId from, SequenceId to, int32_t length);
  void Drop(SequenceId sequence);

  // SEQUENCE is in use no more. Returns the retired sequences, maybe this one,
  // of which another one holds all; they are dropped here.
  std::vector<SequenceId> Retire(SequenceId sequence);
  // The retired sequence that was found or retired least lately.
  std::optional<SequenceId> Oldest() const;
  size_t retired() const;

  // The sequence that has most of IDS at its beginning; of equals the lowest.
  // It counts as used now.
  Match Find(std::span<const TokenId> ids);

  // Empty for an unknown sequence; valid until the next change.
  std::span<const TokenId> Ids(SequenceId sequence) const;

 private:
  struct Held {
    std::vector<TokenId> ids;
    bool retired = false;
    uint64_t used = 0;
  };

  std::map<SequenceId, Held> held_;
  uint64_t clock_ = 0;
};

// How many ids both begin with.
int32_t CommonPrefix(std::span<const TokenId> a, std::span<const TokenId> b);

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_PREFIX_STORE_H_
