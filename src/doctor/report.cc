#include "doctor/report.h"

#include <algorithm>
#include <string_view>

#include "base/printable.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// Evidence is shown on one line, cut behind so many bytes.
constexpr size_t kShownBytes = 100;

std::string Shown(std::string_view text) {
  if (text.size() <= kShownBytes) return Printable(text);
  size_t end = kShownBytes;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return Printable(text.substr(0, end)) + "…";
}

std::string Paint(bool colour, const char* code, std::string_view text) {
  if (!colour) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

const char* ColourOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "1;31";
    case Severity::kWarning:
      return "33";
    case Severity::kNote:
      return "36";
  }
  return "0";
}

std::string Pad(std::string_view text, size_t width) {
  std::string padded(text);
  padded.resize(std::max(width, padded.size()), ' ');
  return padded;
}

std::string Counted(size_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

Json Text(const std::string& text) { return ReplaceInvalidUtf8(text); }

}  // namespace

std::string PrintReport(const Report& report, bool colour) {
  constexpr std::string_view kIndent = "                 ";
  std::string text =
      Paint(colour, "1", Printable(report.path)) + ": " + report.kind + "\n";
  for (const Diagnosis& each : report.diagnoses) {
    text += Paint(colour, ColourOf(each.severity),
                  Pad(SeverityName(each.severity), 8)) +
            " " + each.rule + "  " + Printable(each.message) + "\n";
    for (const Exhibit& evidence : each.evidence) {
      std::string line = Printable(evidence.where);
      if (!evidence.shown.empty()) {
        line += ": " + Shown(evidence.shown);
      }
      text += std::string(kIndent) + Paint(colour, "2", line) + "\n";
    }
    if (!each.repair.empty()) {
      text += std::string(kIndent) + "repair: " + Printable(each.repair) + "\n";
    }
  }
  for (const NotEvaluated& each : report.not_evaluated) {
    text += Paint(colour, "2",
                  "unknown  " + each.rule + "  not evaluated: " + each.why) +
            "\n";
  }
  std::string counts;
  for (const Severity severity :
       {Severity::kError, Severity::kWarning, Severity::kNote}) {
    if (!counts.empty()) counts += ", ";
    counts += Counted(report.Count(severity), SeverityName(severity));
  }
  return text + counts + "\n";
}

Json ToJson(const Report& report) {
  Json findings = Json::array();
  for (const Diagnosis& each : report.diagnoses) {
    const Rule* rule = FindRule(each.rule);
    Json evidence = Json::array();
    for (const Exhibit& place : each.evidence) {
      evidence.push_back(
          {{"where", Text(place.where)}, {"shown", Text(place.shown)}});
    }
    findings.push_back({{"rule", each.rule},
                        {"title", rule->title},
                        {"severity", SeverityName(each.severity)},
                        {"certainty", CertaintyName(each.certainty)},
                        {"message", Text(each.message)},
                        {"evidence", std::move(evidence)},
                        {"repair", Text(each.repair)},
                        {"reports", rule->reports}});
  }
  Json unknown = Json::array();
  for (const NotEvaluated& each : report.not_evaluated) {
    unknown.push_back({{"rule", each.rule}, {"why", each.why}});
  }
  Json counts = Json::object();
  for (const Severity severity : kSeverities) {
    counts[std::string(SeverityName(severity))] = report.Count(severity);
  }
  return {{"path", Text(report.path)},
          {"kind", report.kind},
          {"hash", report.hash},
          {"findings", std::move(findings)},
          {"not_evaluated", std::move(unknown)},
          {"counts", std::move(counts)}};
}

std::string PrintPage(const Rule& rule) {
  std::string page = "## " + std::string(rule.id) + ": " +
                     std::string(rule.title) + "\n\n*" +
                     std::string(SeverityName(rule.severity)) + "*\n\n";
  const auto add = [&page](const char* label, std::string_view text) {
    if (!text.empty()) {
      page += "- " + std::string(label) + ": " + std::string(text) + "\n";
    }
  };
  add("What a user sees", rule.sees);
  add("Why", rule.why);
  add("Repair", rule.repair);
  add("What it can't find", rule.misses);
  add("Reported as", rule.reports);
  return page;
}

}  // namespace fullstop
