#include "data/tokenized_rows.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {
namespace {

constexpr size_t kMostBytes = 64 << 20;

}  // namespace

struct TokenizedRows::State {
  explicit State(const std::string& path) : file(MappedFile::Open(path)) {
    rest = {reinterpret_cast<const char*>(file.bytes().data()),
            file.bytes().size()};
  }

  Error Bad(const std::string& what) const {
    return Error::Format("line " + std::to_string(line) + ": " + what)
        .In(file.path());
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

  void Read(std::string_view text, TokenizedRow* row) {
    simdjson::dom::object object;
    if (parser.parse(text.data(), text.size()).get(object) !=
        simdjson::SUCCESS) {
      throw Bad("the line is no JSON object");
    }
    const std::vector<int64_t> ids = Numbers(object, "input_ids");
    row->line = line;
    row->labels = Numbers(object, "labels");
    row->attention_mask = Numbers(object, "attention_mask");
    row->position_ids = Numbers(object, "position_ids");
    if (ids.empty()) throw Bad("the row has no input_ids");
    const auto fits = [&ids](const std::vector<int64_t>& other) {
      return other.empty() || other.size() == ids.size();
    };
    if (row->labels.size() != ids.size() || !fits(row->attention_mask) ||
        !fits(row->position_ids)) {
      throw Bad(
          "labels, attention_mask and position_ids are not as long as "
          "input_ids");
    }
    row->ids.clear();
    for (const int64_t id : ids) {
      if (id < 0 || id > std::numeric_limits<TokenId>::max()) {
        throw Bad("input_ids holds " + std::to_string(id));
      }
      row->ids.push_back(static_cast<TokenId>(id));
    }
  }

  MappedFile file;
  std::string_view rest;
  size_t line = 0;
  simdjson::dom::parser parser;
};

TokenizedRows::TokenizedRows(const std::string& path)
    : state_(std::make_unique<State>(path)) {}

TokenizedRows::~TokenizedRows() = default;

size_t TokenizedRows::total() const { return state_->file.bytes().size(); }

size_t TokenizedRows::done() const { return total() - state_->rest.size(); }

bool TokenizedRows::Next(TokenizedRow* row) {
  while (!state_->rest.empty()) {
    const size_t end = std::min(state_->rest.find('\n'), state_->rest.size());
    const std::string_view text = state_->rest.substr(0, end);
    state_->rest.remove_prefix(std::min(end + 1, state_->rest.size()));
    ++state_->line;
    if (text.size() > kMostBytes) {
      throw Error::Limit("line " + std::to_string(state_->line) +
                         " is longer than 64 MiB")
          .In(state_->file.path());
    }
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    state_->Read(text, row);
    return true;
  }
  return false;
}

}  // namespace fullstop
