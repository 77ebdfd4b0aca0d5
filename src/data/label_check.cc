#include "data/label_check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "data/labelled_row.h"
#include "protocol/normalize.h"
#include "protocol/render.h"

namespace fullstop {
namespace {

// Marks behind which a text in no Latin script may be over.
constexpr std::array<std::string_view, 12> kWideEnds = {
    "。", "！", "？", "…", "」", "』", "）", "》", "”", "’", "।", "۔"};

// Some families begin every turn with BOS.
bool BosPartsTexts(const TurnProtocol& protocol) {
  const BosPolicy& bos = protocol.facts().bos;
  if (!bos.id || bos.written == 0) return false;
  using Json = nlohmann::ordered_json;
  RenderRequest request;
  for (const char* role : {"user", "assistant", "user", "assistant"}) {
    request.messages.push_back(Json{{"role", role}, {"content", "Hello."}});
  }
  request.messages =
      NormalizeMessages(std::move(request.messages), protocol.facts().form)
          .messages;
  request.add_generation_prompt = false;
  try {
    const std::vector<TokenId> ids = Render(protocol, request).TokenIds();
    return std::ranges::count(ids, *bos.id) == bos.written;
  } catch (const Error&) {
    return false;
  }
}

class Checker {
 public:
  // RENDERING may be null.
  Checker(const TokenizedRow& row, const TurnProtocol& protocol,
          bool bos_parts_texts, const RenderingCheck* rendering)
      : row_(row),
        protocol_(protocol),
        bos_parts_texts_(bos_parts_texts),
        rendering_(rendering),
        tokenizer_(*protocol.tokenizer()) {
    size_ = row.ids.size();
    // Without a mask a padding of its own tells itself.
    const NamedToken* pad = protocol.facts().FindNamed("pad");
    while (pad != nullptr && size_ > 0 && row.ids[size_ - 1] == pad->id &&
           row.labels[size_ - 1] == kNotTrained && !IsEnd(pad->id)) {
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
      if (end > 1) {
        ++report_.turns;
        CheckTurn(begin, end);
      }
      begin = end;
    }
    report_.size = size_;
    if (row_.seen_by_next && size_ > 0) {
      Add(LabelFault::kSharedRow, size_ - 1, size_);
    }
    CheckBos();
    size_t known = 0;
    while (known < size_ && IsKnown(row_.ids[known])) ++known;
    if (known < size_) {
      Add(LabelFault::kUnknownId, known, known + 1);
    } else if (rendering_ != nullptr) {
      CheckIds();
    }
    return std::move(report_);
  }

 private:
  void Add(LabelFault fault, size_t begin, size_t end) {
    report_.findings.push_back({fault, begin, end});
  }

  bool IsKnown(TokenId id) const {
    return static_cast<size_t>(id) < tokenizer_.size();
  }

  bool IsEnd(TokenId id) const {
    const Stop* stop = protocol_.stops().Find(id);
    return stop != nullptr && EndsATurn(*stop);
  }

  // Of a trained id: what is learnt there.
  bool TeachesEnd(size_t at) const {
    const int64_t label = row_.labels[at];
    return std::in_range<TokenId>(label) && IsEnd(static_cast<TokenId>(label));
  }

  bool IsWhiteSpace(size_t at) const {
    return IsKnown(row_.ids[at]) &&
           tokenizer_.TokenBytes(row_.ids[at]).find_first_not_of(" \t\r\n") ==
               std::string_view::npos;
  }

  // Trained ids [begin, end).
  void CheckTurn(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (row_.labels[i] == row_.ids[i] || TeachesEnd(i)) continue;
      return Add(LabelFault::kOtherLabels, i, i + 1);
    }
    const auto closes = [this](size_t at) {
      return TeachesEnd(at) || IsWhiteSpace(at);
    };
    size_t last = end;
    while (last > begin && !TeachesEnd(last - 1) && IsWhiteSpace(last - 1)) {
      --last;
    }
    if (last == begin) return;
    size_t words = last;
    while (words > begin && closes(words - 1)) --words;
    for (size_t i = begin; i < words; ++i) {
      if (TeachesEnd(i)) return Add(LabelFault::kInnerEnd, i, end);
    }
    if (TeachesEnd(last - 1)) {
      if (words == begin) return Add(LabelFault::kLoneEnd, begin, end);
      report_.ended = last == size_;
      if (report_.ended && BreaksOffBefore(begin, words)) {
        Add(LabelFault::kEndBehindCut, begin, last);
      }
      return;
    }
    if (end < size_ && IsEnd(row_.ids[end])) {
      Add(LabelFault::kMaskedEnd, begin, end + 1);
    } else {
      Add(end == size_ ? LabelFault::kCut : LabelFault::kNoEnd, begin, end);
    }
  }

  // Whether ids [begin, end) say something that is not over: their last
  // character is a letter, a digit or a comma.
  bool BreaksOffBefore(size_t begin, size_t end) const {
    constexpr size_t kTailIds = 8;
    const size_t from = std::max(begin, end - std::min(end, kTailIds));
    std::string tail;
    for (size_t i = from; i < end; ++i) {
      if (IsKnown(row_.ids[i])) tail += tokenizer_.TokenBytes(row_.ids[i]);
    }
    const size_t last = tail.find_last_not_of(" \t\r\n");
    if (last == tail.npos) return false;
    tail.resize(last + 1);
    const unsigned char c = static_cast<unsigned char>(tail.back());
    if (c < 0x80) return std::isalnum(c) != 0 || c == ',';
    return std::ranges::none_of(kWideEnds, [&tail](std::string_view mark) {
      return tail.ends_with(mark);
    });
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
    if (!bos_parts_texts_) return;
    // Each text of a packed row begins with its own.
    for (size_t i = std::max<size_t>(written, 1); i < size_; ++i) {
      if (row_.ids[i] != *bos.id) continue;
      return Add(LabelFault::kSharedRow, i - 1, i + 1);
    }
  }

  // All of them are known.
  void CheckIds() {
    const auto begin = row_.ids.begin();
    const std::vector<TokenId> ids(begin, begin + static_cast<long>(size_));
    const std::string text = tokenizer_.Decode(ids);
    const ByteRange whole = {0, text.size()};
    const std::vector<TokenId> again =
        tokenizer_.Encode(text, {.control_ranges = {&whole, 1},
                                 .extra_control = protocol_.extra_control()});
    const auto parted = std::ranges::mismatch(ids, again);
    if (parted.in1 != ids.end() || parted.in2 != again.end()) {
      const auto at = static_cast<size_t>(parted.in1 - ids.begin());
      return Add(LabelFault::kOtherPieces, at, std::min(size_, at + 4));
    }
    // What is known to be wrong explains that chat renders it otherwise.
    const bool known =
        std::ranges::any_of(report_.findings, [](const LabelFinding& each) {
          return each.fault != LabelFault::kEndBehindCut;
        });
    if (known) return;
    if (const auto at = rendering_->FirstOther(ids)) {
      Add(LabelFault::kOtherRendering, *at, std::min(size_, *at + 4));
    }
  }

  const TokenizedRow& row_;
  const TurnProtocol& protocol_;
  const bool bos_parts_texts_;
  const RenderingCheck* rendering_;
  const Tokenizer& tokenizer_;
  size_t size_ = 0;  // without padding
  LabelReport report_;
};

}  // namespace

LabelChecker::LabelChecker(const TurnProtocol& protocol, Ids ids)
    : protocol_(&protocol), bos_parts_texts_(BosPartsTexts(protocol)) {
  if (ids == Ids::kForeign) rendering_.emplace(protocol);
}

LabelReport LabelChecker::Check(const TokenizedRow& row) const {
  return Checker(row, *protocol_, bos_parts_texts_,
                 rendering_ ? &*rendering_ : nullptr)
      .Check();
}

}  // namespace fullstop
