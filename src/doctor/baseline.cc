#include "doctor/baseline.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "format/json_file.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

Error NoBaseline(const std::string& path) {
  return Error::Format("not a baseline of the doctor")
      .In(path)
      .Advice("fullstop doctor TARGET --write-baseline FILE writes one");
}

}  // namespace

Baseline Baseline::Read(const std::string& path) {
  const Json json = ReadJsonFile(path);
  if (!json.is_object() || !json.contains("findings") ||
      !json["findings"].is_array()) {
    throw NoBaseline(path);
  }
  Baseline baseline;
  for (const Json& finding : json["findings"]) {
    const Json fingerprint =
        finding.is_object() ? finding.value("fingerprint", Json()) : Json();
    if (!fingerprint.is_string()) throw NoBaseline(path);
    baseline.fingerprints_.insert(fingerprint.get<std::string>());
  }
  return baseline;
}

void Baseline::Apply(Report* report) const {
  std::vector<Diagnosis> left;
  for (Diagnosis& diagnosis : report->diagnoses) {
    if (fingerprints_.contains(Fingerprint(*report, diagnosis))) {
      report->suppressed.push_back({std::move(diagnosis), ""});
    } else {
      left.push_back(std::move(diagnosis));
    }
  }
  report->diagnoses = std::move(left);
}

void WriteBaseline(const std::string& path, std::span<const Report> reports) {
  Json findings = Json::array();
  for (const Report& report : reports) {
    for (const Diagnosis& each : report.diagnoses) {
      findings.push_back({{"fingerprint", Fingerprint(report, each)},
                          {"rule", each.rule},
                          {"target", ReplaceInvalidUtf8(report.Name())},
                          {"message", ReplaceInvalidUtf8(each.message)}});
    }
  }
  WriteFileAtomically(path,
                      Json{{"findings", std::move(findings)}}.dump(2) + "\n");
}

}  // namespace fullstop
