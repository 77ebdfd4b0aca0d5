#include "doctor/sarif.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "doctor/report.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

std::string Hex(char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return {kDigits[value / 16], kDigits[value % 16]};
}

// A path as a URI reference (RFC 3986); a whole URI where it is absolute.
std::string Uri(const std::string& path) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += "%" + Hex(c);
    }
  }
  return uri;
}

std::string_view Level(Severity severity) { return SeverityName(severity); }

Json Text(std::string_view text) {
  return {{"text", ReplaceInvalidUtf8(text)}};
}

Json Location(const Place& place) {
  Json physical = {{"artifactLocation", {{"uri", Uri(place.file)}}}};
  if (place.line) physical["region"] = {{"startLine", *place.line}};
  if (place.byte) physical["region"] = {{"byteOffset", *place.byte}};
  return {{"physicalLocation", std::move(physical)}};
}

// Where DIAGNOSIS is shown: at its first evidence that is a place.
const Place& PlaceOf(const Report& report, const Diagnosis& diagnosis) {
  for (const Exhibit& exhibit : diagnosis.evidence) {
    if (exhibit.place) return *exhibit.place;
  }
  return report.main;
}

Json Metadata(const Rule& rule) {
  return {{"id", rule.id},
          {"shortDescription", Text(rule.title)},
          {"fullDescription", Text(std::string(rule.why))},
          {"help", {{"text", rule.repair}, {"markdown", PrintPage(rule)}}},
          {"defaultConfiguration", {{"level", Level(rule.severity)}}}};
}

size_t RuleIndex(std::string_view id) {
  const std::vector<const Rule*> rules = AllRules();
  return static_cast<size_t>(std::ranges::find(rules, id, &Rule::id) -
                             rules.begin());
}

Json Result(const Report& report, const Diagnosis& diagnosis) {
  Json related = Json::array();
  for (const Exhibit& exhibit : diagnosis.evidence) {
    if (!exhibit.place) continue;
    Json location = Location(*exhibit.place);
    location["message"] =
        Text(exhibit.shown.empty() ? exhibit.where
                                   : exhibit.where + ": " + exhibit.shown);
    related.push_back(std::move(location));
  }
  std::string message = diagnosis.message;
  if (!diagnosis.repair.empty()) message += "; repair: " + diagnosis.repair;
  Json result = {
      {"ruleId", diagnosis.rule},
      {"ruleIndex", RuleIndex(diagnosis.rule)},
      {"level", Level(diagnosis.severity)},
      {"message", Text(message)},
      {"locations", Json::array({Location(PlaceOf(report, diagnosis))})},
      {"partialFingerprints",
       {{"fullstop/v1", Fingerprint(report, diagnosis)}}},
      {"properties", {{"certainty", CertaintyName(diagnosis.certainty)}}}};
  if (!related.empty()) result["relatedLocations"] = std::move(related);
  return result;
}

Json SuppressedResult(const Report& report, const Suppressed& suppressed) {
  Json result = Result(report, suppressed.diagnosis);
  const bool in_baseline = suppressed.reason.empty();
  result["suppressions"] =
      Json::array({{{"kind", "external"},
                    {"justification",
                     in_baseline ? "stands in the baseline"
                                 : ReplaceInvalidUtf8(suppressed.reason)}}});
  if (in_baseline) result["baselineState"] = "unchanged";
  return result;
}

Json Notification(const Report& report, const NotEvaluated& unknown) {
  return {{"level", "note"},
          {"message", Text("not evaluated: " + unknown.why)},
          {"associatedRule",
           {{"id", unknown.rule}, {"index", RuleIndex(unknown.rule)}}},
          {"locations", Json::array({Location(report.main)})}};
}

// TEXT within a workflow command; PROPERTY where it is not the message.
std::string Escaped(std::string_view text, bool property) {
  std::string escaped;
  for (const char c : text) {
    const bool escapes = c == '%' || c == '\r' || c == '\n' ||
                         (property && (c == ':' || c == ','));
    escaped += escapes ? "%" + Hex(c) : std::string(1, c);
  }
  return escaped;
}

std::string_view Command(Severity severity) {
  return severity == Severity::kNote ? "notice" : SeverityName(severity);
}

}  // namespace

Json ToSarif(std::span<const Report> reports, std::string_view version) {
  Json rules = Json::array();
  for (const Rule* rule : AllRules()) rules.push_back(Metadata(*rule));
  Json results = Json::array();
  Json notifications = Json::array();
  for (const Report& report : reports) {
    for (const Diagnosis& each : report.diagnoses) {
      results.push_back(Result(report, each));
    }
    for (const Suppressed& each : report.suppressed) {
      results.push_back(SuppressedResult(report, each));
    }
    for (const NotEvaluated& each : report.not_evaluated) {
      notifications.push_back(Notification(report, each));
    }
  }
  const Json driver = {
      {"name", "fullstop doctor"}, {"version", version}, {"rules", rules}};
  const Json run = {
      {"tool", {{"driver", driver}}},
      {"columnKind", "unicodeCodePoints"},
      {"invocations",
       Json::array({{{"executionSuccessful", true},
                     {"toolExecutionNotifications", notifications}}})},
      {"results", results}};
  return {{"$schema",
           "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/"
           "os/schemas/sarif-schema-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs", Json::array({run})}};
}

std::string PrintAnnotations(const Report& report) {
  std::string text;
  for (const Diagnosis& each : report.diagnoses) {
    const Place& place = PlaceOf(report, each);
    text += "::" + std::string(Command(each.severity)) +
            " file=" + Escaped(place.file, true);
    if (place.line) text += ",line=" + std::to_string(*place.line);
    text += ",title=" + each.rule + "::" + Escaped(each.message, false) + "\n";
  }
  return text;
}

}  // namespace fullstop
