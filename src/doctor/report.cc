#include "doctor/report.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// Evidence is shown on one line, cut behind so many bytes.
constexpr size_t kShownBytes = 100;

std::string Shown(std::string_view text) {
  if (text.size() <= kShownBytes) return Printable(text);
  return Printable(text.substr(0, CharacterStart(text, kShownBytes))) + "…";
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

Json EvidenceToJson(const Exhibit& exhibit) {
  Json json = {{"where", Text(exhibit.where)}, {"shown", Text(exhibit.shown)}};
  if (!exhibit.place) return json;
  json["file"] = Text(exhibit.place->file);
  if (exhibit.place->line) json["line"] = *exhibit.place->line;
  if (exhibit.place->byte) json["byte"] = *exhibit.place->byte;
  return json;
}

Json FindingToJson(const Report& report, const Diagnosis& diagnosis) {
  const Rule* rule = FindRule(diagnosis.rule);
  Json evidence = Json::array();
  for (const Exhibit& exhibit : diagnosis.evidence) {
    evidence.push_back(EvidenceToJson(exhibit));
  }
  Json fix = nullptr;
  if (!diagnosis.changes.empty()) {
    fix = diagnosis.safety == Safety::kSafe ? "safe" : "unsafe";
  }
  return {{"rule", diagnosis.rule},
          {"title", rule->title},
          {"severity", SeverityName(diagnosis.severity)},
          {"certainty", CertaintyName(diagnosis.certainty)},
          {"message", Text(diagnosis.message)},
          {"evidence", std::move(evidence)},
          {"repair", Text(diagnosis.repair)},
          {"fix", std::move(fix)},
          {"reports", rule->reports},
          {"fingerprint", Fingerprint(report, diagnosis)}};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ByReason(
    const std::vector<NotEvaluated>& unknown) {
  std::vector<std::pair<std::string, std::string>> reasons;
  for (const NotEvaluated& each : unknown) {
    const auto same = std::ranges::find(
        reasons, each.why, [](const auto& reason) { return reason.first; });
    if (same == reasons.end()) {
      reasons.emplace_back(each.why, each.rule);
    } else {
      same->second += ", " + each.rule;
    }
  }
  return reasons;
}

std::string PrintReport(const Report& report, bool colour) {
  constexpr std::string_view kIndent = "                 ";
  std::string text = Paint(colour, "1", Printable(report.path)) + ": " +
                     report.kind + "\n" + report.figures;
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
  for (const auto& [why, rules] : ByReason(report.not_evaluated)) {
    text += Paint(colour, "2",
                  "unknown  " + rules + "  not evaluated: " + Printable(why)) +
            "\n";
  }
  std::string counts;
  for (const Severity severity :
       {Severity::kError, Severity::kWarning, Severity::kNote}) {
    if (!counts.empty()) counts += ", ";
    counts += Counted(report.Count(severity), SeverityName(severity));
  }
  if (!report.suppressed.empty()) {
    counts += "; " + std::to_string(report.suppressed.size()) +
              " more suppressed or in the baseline";
  }
  return text + counts + "\n";
}

Json ToJson(const Report& report) {
  Json findings = Json::array();
  for (const Diagnosis& each : report.diagnoses) {
    findings.push_back(FindingToJson(report, each));
  }
  Json suppressed = Json::array();
  for (const Suppressed& each : report.suppressed) {
    Json finding = FindingToJson(report, each.diagnosis);
    finding["reason"] = each.reason.empty() ? Json(nullptr) : Text(each.reason);
    suppressed.push_back(std::move(finding));
  }
  Json unknown = Json::array();
  for (const NotEvaluated& each : report.not_evaluated) {
    unknown.push_back({{"rule", each.rule}, {"why", each.why}});
  }
  Json counts = Json::object();
  for (const Severity severity : kSeverities) {
    counts[std::string(SeverityName(severity))] = report.Count(severity);
  }
  counts["suppressed"] = report.suppressed.size();
  Json json = {{"path", Text(report.path)},
               {"kind", report.kind},
               {"hash", report.hash},
               {"findings", std::move(findings)},
               {"suppressed", std::move(suppressed)},
               {"not_evaluated", std::move(unknown)},
               {"counts", std::move(counts)}};
  if (!report.live.is_null()) json["live"] = report.live;
  if (!report.data.is_null()) json["data"] = report.data;
  return json;
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
