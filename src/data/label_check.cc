#include "data/label_check.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace fullstop {
namespace {

class Checker {
 public:
  Checker(const TokenizedRow& row, const TurnProtocol& protocol)
      : row_(row), protocol_(protocol), tokenizer_(*protocol.tokenizer()) {
    size_ = row.ids.size();
    while (!row.attention_mask.empty() && size_ > 0 &&
           row.attention_mask[size_ - 1] == 0) {
      --size_;
    }
    // Without a mask a padding of its own tells itself.
    const NamedToken* pad = protocol.facts().FindNamed("pad");
    while (pad != nullptr && size_ > 0 && row.ids[size_ - 1] == pad->id &&
           row.labels[size_ - 1] == kNotTrained && !IsEnd(size_ - 1)) {
      --size_;
    }
  }

  LabelReport Check() {
    for (size_t begin = 0; begin < size_;) {
      if (row_.labels[begin] == kNotTrained) {
        ++begin;
        continue;
      }
      size_t end = begin;
      while (end < size_ && row_.labels[end] != kNotTrained) ++end;
      ++report_.turns;
      CheckTurn(begin, end);
      begin = end;
    }
    report_.size = size_;
    CheckBos();
    CheckPieces();
    return std::move(report_);
  }

 private:
  void Add(LabelFault fault, size_t begin, size_t end) {
    report_.findings.push_back({fault, begin, end});
  }

  bool IsKnown(TokenId id) const {
    return static_cast<size_t>(id) < tokenizer_.size();
  }

  bool IsEnd(size_t at) const {
    const Stop* stop = protocol_.stops().Find(row_.ids[at]);
    return stop != nullptr && stop->role != StopRole::kTurnOpen &&
           stop->role != StopRole::kSection;
  }

  bool IsWhiteSpace(size_t at) const {
    return IsKnown(row_.ids[at]) &&
           tokenizer_.TokenBytes(row_.ids[at]).find_first_not_of(" \t\r\n") ==
               std::string_view::npos;
  }

  // Trained ids [begin, end).
  void CheckTurn(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (row_.labels[i] != row_.ids[i]) {
        return Add(LabelFault::kOtherLabels, i, i + 1);
      }
    }
    size_t last = end;
    while (last > begin && IsWhiteSpace(last - 1)) --last;
    if (last == begin) return;
    for (size_t i = begin; i + 1 < last; ++i) {
      if (IsEnd(i)) return Add(LabelFault::kInnerEnd, i, end);
    }
    if (IsEnd(last - 1)) {
      if (last - 1 == begin) Add(LabelFault::kLoneEnd, begin, end);
      return;
    }
    if (end < size_ && IsEnd(end)) {
      Add(LabelFault::kMaskedEnd, begin, end + 1);
    } else {
      Add(end == size_ ? LabelFault::kCut : LabelFault::kNoEnd, begin, end);
    }
  }

  void CheckBos() {
    const BosPolicy& bos = protocol_.facts().bos;
    if (!bos.id || !protocol_.has_template()) return;
    size_t written = 0;
    while (written < size_ && row_.ids[written] == *bos.id) ++written;
    const auto wanted = static_cast<size_t>(bos.written);
    if (written < wanted)
      Add(LabelFault::kNoBos, 0, std::min<size_t>(size_, 4));
    if (written > wanted) Add(LabelFault::kExtraBos, 0, written);
    if (wanted == 0) return;
    // Each text of a packed row begins with its own.
    for (size_t i = std::max<size_t>(written, 1); i < size_; ++i) {
      if (row_.ids[i] != *bos.id || KeptApart(i)) continue;
      return Add(LabelFault::kSharedRow, i - 1, i + 1);
    }
  }

  // Whether positions begin anew at AT, or the mask numbers the texts.
  bool KeptApart(size_t at) const {
    return (!row_.position_ids.empty() && row_.position_ids[at] == 0) ||
           (!row_.attention_mask.empty() &&
            row_.attention_mask[at] != row_.attention_mask[at - 1]);
  }

  void CheckPieces() {
    const auto begin = row_.ids.begin();
    const std::vector<TokenId> ids(begin, begin + static_cast<long>(size_));
    if (!std::ranges::all_of(ids, [this](TokenId id) { return IsKnown(id); })) {
      return;
    }
    const std::string text = tokenizer_.Decode(ids);
    const ByteRange whole = {0, text.size()};
    const std::vector<TokenId> again =
        tokenizer_.Encode(text, {.control_ranges = {&whole, 1},
                                 .extra_control = protocol_.extra_control()});
    const auto parted = std::ranges::mismatch(ids, again);
    if (parted.in1 == ids.end() && parted.in2 == again.end()) return;
    const auto at = static_cast<size_t>(parted.in1 - ids.begin());
    Add(LabelFault::kOtherPieces, at, std::min(size_, at + 4));
  }

  const TokenizedRow& row_;
  const TurnProtocol& protocol_;
  const Tokenizer& tokenizer_;
  size_t size_ = 0;  // without padding
  LabelReport report_;
};

}  // namespace

LabelReport CheckLabels(const TokenizedRow& row, const TurnProtocol& protocol) {
  return Checker(row, protocol).Check();
}

}  // namespace fullstop
