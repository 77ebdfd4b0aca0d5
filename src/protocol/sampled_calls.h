// The calls of a rendering of probes: where their names, ids and arguments
// stand.
#ifndef FULLSTOP_PROTOCOL_SAMPLED_CALLS_H_
#define FULLSTOP_PROTOCOL_SAMPLED_CALLS_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/derive_calls.h"
#include "protocol/probe.h"
#include "protocol/symbols.h"

namespace fullstop {

// Stand for a call's id, and a key that is written again, in the text around
// them.
inline constexpr char32_t kIdSlot = 0x7FFFFFFF;
inline constexpr char32_t kKeySlot = 0x7FFFFFFE;

// Ranges are of bytes of the rendering; one that ends at 0 is of nothing.
struct SampledPair {
  ByteRange key;
  ByteRange value;
  bool is_text = false;
  ByteRange key_again = {};  // behind the value
};
struct SampledCall {
  ByteRange name;
  ByteRange id;
  ByteRange arguments;
  std::vector<SampledPair> pairs;
};

// One thread. The sample must outlive the object.
class SampledCalls {
 public:
  explicit SampledCalls(const CallSample& sample);

  // Whether each call has a name, or an id in its place, and the first has
  // arguments. If not, nothing else may be asked.
  bool complete() const { return complete_; }
  // An id stands where the name would.
  bool named_by_id() const { return named_by_id_; }
  // At most two; only arguments of the first are sure.
  const SampledCall& first() const { return calls_.front(); }
  const SampledCall& last() const { return calls_.back(); }
  bool several() const { return calls_.size() > 1; }

  // Bytes [BEGIN, END) with tokens as symbols and ids of calls as slots.
  Symbols Piece(size_t begin, size_t end) const;
  // SYMBOLS without slots and without white space around them.
  std::string Text(SymbolView symbols) const;
  // The value in brackets that holds CALL's name and arguments; FROM is where
  // to look.
  std::optional<ByteRange> Value(size_t from, const SampledCall& call) const;
  // Whether the template wrote anything within CALL's arguments.
  bool TemplateWithin(const SampledCall& call) const;

 private:
  void Collect();
  void Add(const ProbePart& part, std::string_view field, SampledCall* call);
  bool IsKeyOf(const SampledPair& pair, const ByteRange& range) const;
  // The end of the key that is written again at AT; 0 where there is none.
  size_t KeyAgain(size_t at) const;

  const CallSample& sample_;
  const std::string_view text_;
  std::vector<SampledCall> calls_;
  bool complete_ = false;
  bool named_by_id_ = false;
  ByteRange key_;
  std::map<size_t, ProbePart> tokens_;  // by their first byte
  std::map<TokenId, std::string> token_texts_;
};

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_SAMPLED_CALLS_H_
