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

struct CompiledStep {
  Code code;
  bool contiguous;
};

// Cuts each piece of a text at the matches of STEP. ENDS, in symbols, are
// replaced.
void CutAtMatches(const CompiledStep& step, std::string_view symbols,
                  Matcher* matcher, std::vector<uint32_t>* ends) {
  std::vector<uint32_t> cut;
  cut.reserve(ends->size());
  size_t piece_begin = 0;
  for (const uint32_t piece_end : *ends) {
    const std::string_view piece =
        symbols.substr(piece_begin, piece_end - piece_begin);
    const auto add = [&](size_t end) {
      const auto place = static_cast<uint32_t>(piece_begin + end);
      if (end > 0 && (cut.empty() || cut.back() < place)) cut.push_back(place);
    };
    size_t from = 0;
    size_t begin = 0;
    size_t end = 0;
    size_t last_end = 0;  // of the match before
    while (from < piece.size() &&
           matcher->Find(step.code.get(), piece, from, &begin, &end)) {
      if (step.contiguous && begin == last_end && begin > 0) {
        cut.pop_back();
      } else {
        add(begin);
      }
      add(end);
      last_end = end;
      from = end > begin ? end : end + 1;
    }
    add(piece.size());
    piece_begin = piece_end;
  }
  *ends = std::move(cut);
}

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

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
        .push_back({Compile(text), steps[i].contiguous});
  }
}

Splitter::Splitter(Splitter&&) noexcept = default;
Splitter& Splitter::operator=(Splitter&&) noexcept = default;
Splitter::~Splitter() = default;

std::vector<uint32_t> Splitter::Split(std::string_view text) const {
  if (text.size() >= std::numeric_limits<uint32_t>::max()) {
    throw Error::Limit("a text of 4 GiB or more cannot be encoded at once");
  }
  if (text.empty()) return {};
  const SymbolAlphabet& alphabet = state_->alphabet;
  Matcher matcher;
  std::string symbols;
  symbols.reserve(text.size());
  // Where each symbol ends; left empty where every symbol is one byte.
  std::vector<uint32_t> symbol_ends;
  if (IsAscii(text)) {
    for (const char c : text) {
      symbols +=
          static_cast<char>(alphabet.SymbolOf(static_cast<unsigned char>(c)));
    }
  } else {
    symbol_ends.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      const CodePoint point = DecodeCodePoint(text.substr(at));
      at += point.length;
      symbols += static_cast<char>(alphabet.SymbolOf(point.value));
      symbol_ends.push_back(static_cast<uint32_t>(at));
    }
  }
  std::vector<uint32_t> ends = {static_cast<uint32_t>(symbols.size())};
  for (const CompiledStep& step : state_->by_character) {
    CutAtMatches(step, symbols, &matcher, &ends);
  }
  if (!symbol_ends.empty()) {
    for (uint32_t& end : ends) end = symbol_ends[end - 1];
  }
  if (state_->by_byte.empty()) return ends;
  symbols.clear();
  for (const char c : text) {
    symbols += static_cast<char>(
        alphabet.SymbolOf(CharacterOfByte(static_cast<uint8_t>(c))));
  }
  for (const CompiledStep& step : state_->by_byte) {
    CutAtMatches(step, symbols, &matcher, &ends);
  }
  return ends;
}

}  // namespace fullstop
