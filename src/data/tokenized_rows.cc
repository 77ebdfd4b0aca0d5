#include "data/tokenized_rows.h"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "data/json_rows.h"

namespace fullstop {
namespace {

// A line's fields; those that it lacks are empty.
struct PackedRow {
  size_t line = 0;
  std::vector<int64_t> ids;
  std::vector<int64_t> labels;
  std::vector<int64_t> mask;
  std::vector<int64_t> positions;
  std::vector<int64_t> lengths;
};

// Whether a new text begins at AT, behind another id.
bool Parts(const PackedRow& row, size_t at) {
  return (!row.positions.empty() && row.positions[at] == 0) ||
         (!row.mask.empty() && row.mask[at] != row.mask[at - 1]);
}

// The ends of ROW's texts, ascending.
std::vector<size_t> EndsOf(const PackedRow& row) {
  std::vector<size_t> ends;
  if (!row.lengths.empty()) {
    size_t end = 0;
    for (const int64_t length : row.lengths) {
      end += static_cast<size_t>(length);
      ends.push_back(end);
    }
    return ends;
  }
  for (size_t i = 1; i < row.ids.size(); ++i) {
    if (Parts(row, i)) ends.push_back(i);
  }
  ends.push_back(row.ids.size());
  return ends;
}

// A single id that is not trained is what positions make of padding.
bool IsPadding(const PackedRow& row, size_t begin, size_t end) {
  if (!row.mask.empty() && row.mask[begin] == 0) return true;
  return !row.positions.empty() && row.positions[begin] == 0 &&
         end - begin == 1 && row.labels[begin] == kNotTrained;
}

// Hands out a line's texts.
class Texts {
 public:
  Texts() = default;
  explicit Texts(PackedRow row) : row_(std::move(row)), ends_(EndsOf(row_)) {
    SkipPadding();
  }

  // The next; false where there is none.
  bool Next(TokenizedRow* text) {
    if (next_ == ends_.size()) return false;
    const auto begin = static_cast<std::ptrdiff_t>(Begin());
    const auto end = static_cast<std::ptrdiff_t>(ends_[next_]);
    text->line = row_.line;
    text->ids.assign(row_.ids.begin() + begin, row_.ids.begin() + end);
    text->labels.assign(row_.labels.begin() + begin, row_.labels.begin() + end);
    ++next_;
    SkipPadding();
    text->seen_by_next = next_ < ends_.size() && !row_.mask.empty() &&
                         row_.mask[Begin()] == row_.mask[Begin() - 1];
    return true;
  }

 private:
  size_t Begin() const { return next_ == 0 ? 0 : ends_[next_ - 1]; }

  void SkipPadding() {
    while (next_ < ends_.size() && IsPadding(row_, Begin(), ends_[next_])) {
      ++next_;
    }
  }

  PackedRow row_;
  std::vector<size_t> ends_;
  size_t next_ = 0;
};

}  // namespace

struct TokenizedRows::State {
  explicit State(const std::string& path) : rows(path) {}

  Error Bad(const std::string& what) const {
    return Error::Format("line " + std::to_string(json.line) + ": " + what)
        .In(rows.path());
  }

  // FIELD of ROW as numbers; empty where it has none.
  std::vector<int64_t> Numbers(const simdjson::dom::object& row,
                               std::string_view field) const {
    simdjson::dom::element value;
    std::vector<int64_t> numbers;
    if (row.at_key(field).get(value) != simdjson::SUCCESS || value.is_null()) {
      return numbers;
    }
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) {
      throw Bad(std::string(field) + " is no list");
    }
    for (const simdjson::dom::element& each : array) {
      int64_t number = 0;
      if (each.get(number) != simdjson::SUCCESS) {
        throw Bad(std::string(field) + " holds what is no whole number");
      }
      numbers.push_back(number);
    }
    return numbers;
  }

  // Whether LENGTHS are those of texts that make up SIZE ids.
  static bool AddUp(const std::vector<int64_t>& lengths, size_t size) {
    size_t sum = 0;
    for (const int64_t length : lengths) {
      if (length < 1 || static_cast<size_t>(length) > size - sum) return false;
      sum += static_cast<size_t>(length);
    }
    return lengths.empty() || sum == size;
  }

  Texts Read() {
    simdjson::dom::object object;
    if (parser.parse(json.text.data(), json.text.size()).get(object) !=
        simdjson::SUCCESS) {
      throw Bad("the row is no JSON object");
    }
    PackedRow packed = {.line = json.line,
                        .ids = Numbers(object, "input_ids"),
                        .labels = Numbers(object, "labels"),
                        .mask = Numbers(object, "attention_mask"),
                        .positions = Numbers(object, "position_ids"),
                        .lengths = Numbers(object, "seq_lengths")};
    if (packed.ids.empty()) throw Bad("the row has no input_ids");
    const auto fits = [&packed](const std::vector<int64_t>& other) {
      return other.empty() || other.size() == packed.ids.size();
    };
    if (packed.labels.size() != packed.ids.size() || !fits(packed.mask) ||
        !fits(packed.positions)) {
      throw Bad(
          "labels, attention_mask and position_ids are not as long as "
          "input_ids");
    }
    if (!AddUp(packed.lengths, packed.ids.size())) {
      throw Bad("seq_lengths are not those of the input_ids");
    }
    for (const int64_t id : packed.ids) {
      if (id < 0 || id > std::numeric_limits<TokenId>::max()) {
        throw Bad("input_ids holds " + std::to_string(id));
      }
    }
    return Texts(std::move(packed));
  }

  JsonRows rows;
  JsonRow json;  // the last one
  simdjson::dom::parser parser;
  Texts texts;
};

TokenizedRows::TokenizedRows(const std::string& path)
    : state_(std::make_unique<State>(path)) {}

TokenizedRows::~TokenizedRows() = default;

size_t TokenizedRows::total() const { return state_->rows.total(); }

size_t TokenizedRows::done() const { return state_->rows.done(); }

bool TokenizedRows::Next(TokenizedRow* row) {
  while (!state_->texts.Next(row)) {
    if (!state_->rows.Next(&state_->json)) return false;
    state_->texts = state_->Read();
  }
  return true;
}

}  // namespace fullstop
