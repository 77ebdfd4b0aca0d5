#include "tokenizer/splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <limits>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/split_pattern.h"
#include "tokenizer/symbol_alphabet.h"

namespace fullstop {
namespace {

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const {
    pcre2_match_context_free(context);
  }
};
struct FreeStack {
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

constexpr size_t kJitStackStart = size_t{1} << 16;
constexpr size_t kJitStackLimit = size_t{1} << 28;

template <typename T>
T* Checked(T* pointer) {
  if (pointer == nullptr) throw Error::Limit("no memory to split the text");
  return pointer;
}

// One subject after another is searched with one matcher; lives in one call.
class Matcher {
 public:
  Matcher() : data_(Checked(pcre2_match_data_create(1, nullptr))) {}

  // Finds the first match of CODE in SUBJECT at or after FROM.
  bool Find(const pcre2_code* code, std::string_view subject, size_t from,
            size_t* begin, size_t* end) {
    int result = Match(code, subject, from, 0);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT && context_ == nullptr) {
      context_.reset(Checked(pcre2_match_context_create(nullptr)));
      stack_.reset(Checked(
          pcre2_jit_stack_create(kJitStackStart, kJitStackLimit, nullptr)));
      pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
      result = Match(code, subject, from, 0);
    }
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) {
      result = Match(code, subject, from, PCRE2_NO_JIT);
    }
    if (result == PCRE2_ERROR_NOMATCH) return false;
    if (result < 0) {
      throw Error::Limit(
          "the pre-tokenizer's pattern needs too much memory or "
          "too many steps on this text (PCRE2 error " +
          std::to_string(result) + ")");
    }
    const size_t* ovector = pcre2_get_ovector_pointer(data_.get());
    *begin = ovector[0];
    *end = ovector[1];
    return true;
  }

 private:
  int Match(const pcre2_code* code, std::string_view subject, size_t from,
            uint32_t options) {
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()),
                       subject.size(), from, options, data_.get(),
                       context_.get());
  }

  std::unique_ptr<pcre2_match_data, FreeMatchData> data_;
  std::unique_ptr<pcre2_match_context, FreeContext> context_;
  std::unique_ptr<pcre2_jit_stack, FreeStack> stack_;
};

Code Compile(const std::string& pattern) {
  int error = 0;
  size_t offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()),
                          pattern.size(), PCRE2_DOLLAR_ENDONLY, &error, &offset,
                          nullptr));
  if (code == nullptr) {
    throw Error::Unsupported(
        "the pre-tokenizer's pattern is not understood (PCRE2 error " +
        std::to_string(error) + ")");
  }
  // Without JIT matching is slower, and the same.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

using Pieces = std::vector<PatternPiece>;

std::vector<CodePointSet> SetsOf(const std::vector<Pieces>& patterns) {
  std::vector<CodePointSet> sets;
  for (const Pieces& pieces : patterns) {
    for (const PatternPiece& piece : pieces) {
      if (piece.is_set) sets.push_back(piece.set);
    }
  }
  return sets;
}

std::vector<Pieces> ParseAll(const std::vector<SplitStep>& steps) {
  std::vector<Pieces> patterns;
  for (const SplitStep& step : steps) {
    patterns.push_back(ParseSplitPattern(step.pattern));
  }
  return patterns;
}

using Behavior = SplitStep::Behavior;

struct CompiledStep {
  Code code;
  Behavior behavior;
  bool invert;
};

// Turns the matches and gaps of one piece, in order, into pieces.
class PieceMaker {
 public:
  PieceMaker(Behavior behavior, std::vector<PieceRange>* pieces)
      : behavior_(behavior), pieces_(pieces) {}

  void Add(uint32_t begin, uint32_t end, bool is_match) {
    switch (behavior_) {
      case Behavior::kIsolated:
        Emit({begin, end});
        break;
      case Behavior::kRemoved:
        if (!is_match) Emit({begin, end});
        break;
      case Behavior::kContiguous:
        if (has_held_ && is_match == was_match_) {
          held_.end = end;
        } else {
          Hold({begin, end});
        }
        break;
      case Behavior::kMergedWithPrevious:
        if (has_held_ && is_match && !was_match_) {
          held_.end = end;
        } else {
          Hold({begin, end});
        }
        break;
      case Behavior::kMergedWithNext:
        if (has_held_ && was_match_ && !is_match) {
          held_.end = end;
        } else {
          Hold({begin, end});
        }
        break;
    }
    was_match_ = is_match;
  }

  void Finish() {
    if (has_held_) Emit(held_);
  }

 private:
  void Hold(const PieceRange& piece) {
    Finish();
    held_ = piece;
    has_held_ = true;
  }
  void Emit(const PieceRange& piece) {
    if (piece.begin < piece.end) pieces_->push_back(piece);
  }

  Behavior behavior_;
  std::vector<PieceRange>* pieces_;
  PieceRange held_;
  bool has_held_ = false;
  bool was_match_ = false;
};

// Calls VISIT(begin, end) for each match.
template <typename Visit>
void VisitMatches(const pcre2_code* code, std::string_view symbols,
                  Matcher* matcher, Visit visit) {
  size_t from = 0;
  size_t begin = 0;
  size_t end = 0;
  while (from < symbols.size() &&
         matcher->Find(code, symbols, from, &begin, &end)) {
    visit(static_cast<uint32_t>(begin), static_cast<uint32_t>(end));
    from = end > begin ? end : end + 1;
  }
}

// Cuts each piece of a text, in symbols, by STEP.
void CutAtMatches(const CompiledStep& step, std::string_view symbols,
                  Matcher* matcher, std::vector<PieceRange>* pieces) {
  std::vector<PieceRange> cut;
  cut.reserve(pieces->size());
  for (const PieceRange& piece : *pieces) {
    if (piece.id >= 0) {
      cut.push_back(piece);
      continue;
    }
    const uint32_t start = piece.begin;
    PieceMaker maker(step.behavior, &cut);
    uint32_t last_end = 0;
    const auto size = piece.end - piece.begin;
    const auto visit = [&](uint32_t begin, uint32_t end) {
      if (begin > last_end) {
        maker.Add(start + last_end, start + begin, step.invert);
      }
      maker.Add(start + begin, start + end, !step.invert);
      last_end = end;
    };
    VisitMatches(step.code.get(), symbols.substr(start, size), matcher, visit);
    if (last_end < size) maker.Add(start + last_end, piece.end, step.invert);
    maker.Finish();
  }
  *pieces = std::move(cut);
}

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

uint32_t CheckedSize(std::string_view text) {
  if (text.size() >= std::numeric_limits<uint32_t>::max()) {
    throw Error::Limit("a text of 4 GiB or more cannot be encoded at once");
  }
  return static_cast<uint32_t>(text.size());
}

// A text as symbols, one byte for each character.
class Symbols {
 public:
  Symbols(const SymbolAlphabet& alphabet, std::string_view text) {
    symbols_.reserve(CheckedSize(text));
    if (IsAscii(text)) {
      for (const char c : text) {
        symbols_ +=
            static_cast<char>(alphabet.SymbolOf(static_cast<unsigned char>(c)));
      }
      return;
    }
    ends_.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      const CodePoint point = DecodeCodePoint(text.substr(at));
      at += point.length;
      symbols_ += static_cast<char>(alphabet.SymbolOf(point.value));
      ends_.push_back(static_cast<uint32_t>(at));
    }
  }

  std::string_view symbols() const { return symbols_; }

  void ToBytes(std::vector<PieceRange>* pieces) const {
    if (ends_.empty()) return;
    const auto place = [this](uint32_t symbol) {
      return symbol == 0 ? 0 : ends_[symbol - 1];
    };
    for (PieceRange& piece : *pieces) {
      piece.begin = place(piece.begin);
      piece.end = place(piece.end);
    }
  }

  // Pieces must lie between characters.
  void FromBytes(std::vector<PieceRange>* pieces) const {
    if (ends_.empty()) return;
    size_t symbol = 0;
    const auto number = [this, &symbol](uint32_t place) {
      while (symbol < ends_.size() &&
             (symbol == 0 ? 0 : ends_[symbol - 1]) < place)
        ++symbol;
      return static_cast<uint32_t>(symbol);
    };
    for (PieceRange& piece : *pieces) {
      piece.begin = number(piece.begin);
      piece.end = number(piece.end);
    }
  }

 private:
  std::string symbols_;
  // Where each symbol ends, in bytes; empty where every symbol is one byte.
  std::vector<uint32_t> ends_;
};

}  // namespace

struct Splitter::State {
  explicit State(const std::vector<Pieces>& patterns)
      : alphabet(SetsOf(patterns)) {}

  SymbolAlphabet alphabet;
  std::vector<CompiledStep> by_character;
  std::vector<CompiledStep> by_byte;
};

Splitter::Splitter(const std::vector<SplitStep>& steps) {
  const std::vector<Pieces> patterns = ParseAll(steps);
  state_ = std::make_unique<State>(patterns);
  for (size_t i = 0; i < steps.size(); ++i) {
    std::string text;
    for (const PatternPiece& piece : patterns[i]) {
      text += piece.is_set ? state_->alphabet.ClassOf(piece.set) : piece.text;
    }
    (steps[i].on_bytes ? state_->by_byte : state_->by_character)
        .push_back({Compile(text), steps[i].behavior, steps[i].invert});
  }
}

Splitter::Splitter(Splitter&&) noexcept = default;
Splitter& Splitter::operator=(Splitter&&) noexcept = default;
Splitter::~Splitter() = default;

void Splitter::Split(std::string_view text,
                     std::vector<PieceRange>* pieces) const {
  Matcher matcher;
  if (!state_->by_character.empty()) {
    const Symbols symbols(state_->alphabet, text);
    symbols.FromBytes(pieces);
    for (const CompiledStep& step : state_->by_character) {
      CutAtMatches(step, symbols.symbols(), &matcher, pieces);
    }
    symbols.ToBytes(pieces);
  }
  if (state_->by_byte.empty()) return;
  std::string bytes;
  bytes.reserve(text.size());
  for (const char c : text) {
    bytes += static_cast<char>(
        state_->alphabet.SymbolOf(CharacterOfByte(static_cast<uint8_t>(c))));
  }
  for (const CompiledStep& step : state_->by_byte) {
    CutAtMatches(step, bytes, &matcher, pieces);
  }
}

std::vector<PieceRange> Splitter::Split(std::string_view text) const {
  if (text.empty()) return {};
  std::vector<PieceRange> pieces = {{0, CheckedSize(text)}};
  Split(text, &pieces);
  return pieces;
}

std::vector<ByteRange> Splitter::Matches(std::string_view text) const {
  const Symbols symbols(state_->alphabet, text);
  Matcher matcher;
  std::vector<PieceRange> found;
  VisitMatches(
      state_->by_character.at(0).code.get(), symbols.symbols(), &matcher,
      [&](uint32_t begin, uint32_t end) { found.push_back({begin, end}); });
  symbols.ToBytes(&found);
  std::vector<ByteRange> matches;
  for (const PieceRange& piece : found)
    matches.push_back({piece.begin, piece.end});
  return matches;
}

std::string PatternOf(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\.^$|()[]{}*+?-&").find(c) !=
        std::string_view::npos) {
      pattern += '\\';
    }
    pattern += c;
  }
  return pattern;
}

}  // namespace fullstop
