#include "doctor/row_sieve.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/utf8.h"
#include "doctor/raw_data_rules.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kPiece = 1 << 20;

// ROW on one line; nullopt where it is no JSON.
std::optional<std::string> OnOneLine(const JsonRow& row) {
  std::string line(row.text.size(), '\0');
  size_t size = 0;
  const auto error =
      simdjson::minify(row.text.data(), row.text.size(), line.data(), size);
  if (error != simdjson::SUCCESS) return std::nullopt;
  line.resize(size);
  return line;
}

std::string Rejected(const JsonRow& row, const Json& reasons) {
  const auto dump = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  const std::optional<std::string> line = OnOneLine(row);
  const bool whole = line && Json::accept(*line);
  return "{\"line\":" + std::to_string(row.line) +
         ",\"reasons\":" + dump(reasons) +
         ",\"row\":" + (whole ? *line : dump(ReplaceInvalidUtf8(row.text))) +
         "}\n";
}

Json Reason(const Rule& rule, const std::string& shown) {
  return {{"rule", rule.id},
          {"title", rule.title},
          {"shown", ReplaceInvalidUtf8(shown)}};
}

}  // namespace

RowSieve::Output::Output(const std::string& path) {
  if (!path.empty()) file.emplace(path);
}

void RowSieve::Output::Write(const std::string& line) {
  if (!file) return;
  waiting += line;
  if (waiting.size() >= kPiece) Flush();
}

void RowSieve::Output::Flush() {
  file->Write(std::as_bytes(std::span(waiting)));
  waiting.clear();
}

RowSieve::RowSieve(const std::string& emit, const std::string& rejects)
    : emit_(emit), rejects_(rejects) {}

void RowSieve::Take(const JsonRow& json,
                    const std::vector<RowFinding>& findings, bool repeats,
                    const RuleChoice& choice) {
  Json reasons = Json::array();
  for (const RowFinding& each : findings) {
    const Rule& rule = *FindRule(each.fault->rule);
    if (rule.severity == Severity::kNote || !choice.Runs(rule)) continue;
    reasons.push_back(Reason(rule, each.shown));
  }
  if (const Rule& rule = *FindRule(kRepeatedRow.rule);
      repeats && choice.Runs(rule)) {
    reasons.push_back(Reason(rule, ""));
  }
  if (reasons.empty()) {
    ++emitted_;
    emit_.Write(OnOneLine(json).value_or(std::string(json.text)) + "\n");
  } else {
    ++rejected_;
    rejects_.Write(Rejected(json, reasons));
  }
}

void RowSieve::Commit() {
  for (Output* output : {&emit_, &rejects_}) {
    if (!output->file) continue;
    output->Flush();
    output->file->Commit();
  }
}

}  // namespace fullstop
