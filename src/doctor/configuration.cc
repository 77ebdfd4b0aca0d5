#include "doctor/configuration.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "format/quote.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Day = std::chrono::year_month_day;

Json Parse(const std::string& path) {
  const std::string text = ReadFile(path);
  try {
    return Json::parse(text, nullptr, true, true);
  } catch (const Json::parse_error& error) {
    throw Error::Format("not a configuration: it is no JSON")
        .In(path)
        .AtByte(error.byte == 0 ? 0 : error.byte - 1);
  }
}

// Reads one object of a configuration, field by field.
class Reader {
 public:
  Reader(const Json& object, std::string path, std::string what)
      : object_(object), path_(std::move(path)), what_(std::move(what)) {
    if (!object_.is_object()) throw Bad(what_ + " is no object");
  }

  Error Bad(const std::string& what) const {
    return Error::Format(what).In(path_).Advice(
        "fullstop doctor --help shows what such a file holds");
  }

  std::string Text(const char* field, bool required) {
    const Json value = Take(field);
    if (value.is_null() && !required) return "";
    if (!value.is_string() || value.get<std::string>().empty()) {
      throw Bad(what_ + " has no " + field + ", a text");
    }
    return value;
  }

  std::vector<std::string> Texts(const char* field) {
    const Json value = Take(field);
    const bool fits =
        value.is_null() ||
        (value.is_array() && std::ranges::all_of(value, [](const Json& each) {
           return each.is_string();
         }));
    if (!fits) throw Bad(std::string(field) + " is no list of texts");
    return value.is_null() ? std::vector<std::string>()
                           : value.get<std::vector<std::string>>();
  }

  Json Take(const char* field) {
    known_.emplace_back(field);
    const auto found = object_.find(field);
    return found == object_.end() ? Json() : *found;
  }

  // Throws where there is a field that nobody asked for.
  void Finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (std::ranges::find(known_, key) == known_.end()) {
        throw Bad(what_ + " has a field " + QuoteName(key) +
                  " that means nothing");
      }
    }
  }

 private:
  const Json& object_;
  std::string path_;
  std::string what_;
  std::vector<std::string> known_;
};

std::optional<Day> ParseDay(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int length = 0;
  const int read =
      std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &length);
  const Day date{std::chrono::year(year), std::chrono::month(month),
                 std::chrono::day(day)};
  const bool whole = read == 3 && static_cast<size_t>(length) == text.size();
  return whole && date.ok() ? std::optional<Day>(date) : std::nullopt;
}

Suppression ReadSuppression(const Json& value, const std::string& path) {
  Reader reader(value, path, "a suppression");
  Suppression suppression = {.rule = reader.Text("rule", true),
                             .target = reader.Text("target", false),
                             .message = reader.Text("message", false),
                             .reason = reader.Text("reason", true),
                             .expires = {}};
  const std::string expires = reader.Text("expires", false);
  if (!expires.empty()) {
    suppression.expires = ParseDay(expires);
    if (!suppression.expires) {
      throw reader.Bad("expires is " + QuoteName(expires) +
                       ", no day such as 2027-06-30");
    }
  }
  reader.Finish();
  return suppression;
}

bool IsFor(const Suppression& suppression, const Report& report) {
  return suppression.target.empty() || suppression.target == report.Name();
}

bool Fits(const Suppression& suppression, const Diagnosis& diagnosis) {
  return diagnosis.rule.starts_with(suppression.rule) &&
         diagnosis.message.find(suppression.message) != std::string::npos;
}

std::string ShownSuppression(const Suppression& suppression) {
  std::string shown = suppression.rule;
  if (!suppression.target.empty()) shown += " of " + suppression.target;
  return shown + ": " + suppression.reason;
}

// Whether a rule that begins so is among those that run.
bool RunsOne(const RuleChoice& choice, const std::string& beginning) {
  return std::ranges::any_of(AllRules(), [&](const Rule* rule) {
    return rule->id.starts_with(beginning) && choice.Runs(*rule);
  });
}

bool IsInside(const fs::path& file, const std::string& target) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(target, ignored);
  if (!fs::is_directory(folder, ignored)) return false;
  const fs::path relative = file.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

void CheckOwnConfiguration(const Target& target, Findings* findings) {
  const HfFolder* folder =
      target.has_vocabulary() ? target.vocabulary().folder() : nullptr;
  if (folder == nullptr || !folder->Find(kConfigurationName)) return;
  findings->Add({.message = "the folder holds a configuration of the doctor, "
                            "which is not read: a model does not judge itself",
                 .evidence = {{std::string(kConfigurationName), ""}},
                 .repair = "give it with --config where it is yours"});
}

constexpr std::array kRules = {
    Rule{"CFG001", "a suppression is not used", Severity::kNote,
         "Nothing: what it was for is gone.",
         "No finding fits it: the fault was repaired, or the suppression is "
         "misspelt.",
         "Take it out of the configuration.", "", "", nullptr},
    Rule{"CFG002", "a suppression has expired", Severity::kNote,
         "The finding counts again.", "Its last day is over.",
         "Repair the fault, or give it another day.", "", "", nullptr},
    Rule{"CFG003", "a configuration in the target was not read",
         Severity::kNote, "Nothing.",
         "A model brings settings for its own examination along.",
         "Give it with --config where it is yours.", "", "",
         CheckOwnConfiguration},
};

}  // namespace

std::span<const Rule> ConfigurationRules() { return kRules; }

Configuration Configuration::Read(const std::string& path) {
  const Json json = Parse(path);
  Reader reader(json, path, "the configuration");
  Configuration configuration;
  configuration.path = path;
  configuration.choice.select = reader.Texts("select");
  configuration.choice.ignore = reader.Texts("ignore");
  configuration.require = reader.Texts("require");
  const std::string fail_on = reader.Text("fail-on", false);
  if (!fail_on.empty()) {
    configuration.fail_on = SeverityOf(fail_on);
    if (!configuration.fail_on) {
      throw reader.Bad("fail-on is " + QuoteName(fail_on) +
                       ", not note, warning or error");
    }
  }
  const Json suppressions = reader.Take("suppress");
  if (!suppressions.is_null() && !suppressions.is_array()) {
    throw reader.Bad("suppress is no list");
  }
  reader.Finish();
  std::vector<std::string> rules = configuration.require;
  for (const Json& each : suppressions) {
    configuration.suppressions.push_back(ReadSuppression(each, path));
    rules.push_back(configuration.suppressions.back().rule);
  }
  try {
    configuration.choice.Check();
    RuleChoice{.select = std::move(rules), .ignore = {}}.Check();
  } catch (Error& error) {
    throw error.In(path);
  }
  return configuration;
}

std::optional<std::string> FindConfiguration(
    const std::string& folder, std::span<const std::string> targets) {
  std::error_code error;
  fs::path place = fs::weakly_canonical(folder, error);
  while (!error && !place.empty()) {
    const fs::path file = place / kConfigurationName;
    const bool inside = std::ranges::any_of(
        targets,
        [&file](const std::string& target) { return IsInside(file, target); });
    std::error_code ignored;
    if (!inside && fs::is_regular_file(file, ignored)) return file.string();
    if (place == place.parent_path()) break;
    place = place.parent_path();
  }
  return std::nullopt;
}

Suppressor::Suppressor(const Configuration& configuration,
                       std::chrono::sys_days today)
    : configuration_(configuration),
      today_(today),
      uses_(configuration.suppressions.size(), 0),
      judged_(configuration.suppressions.size(), false) {}

bool Suppressor::HasExpired(const Suppression& suppression) const {
  return suppression.expires &&
         std::chrono::sys_days(*suppression.expires) < today_;
}

void Suppressor::Apply(Report* report) {
  for (size_t i = 0; i < uses_.size(); ++i) {
    if (IsFor(configuration_.suppressions[i], *report)) judged_[i] = true;
  }
  std::vector<Diagnosis> left;
  for (Diagnosis& diagnosis : report->diagnoses) {
    const Suppression* used = nullptr;
    for (size_t i = 0; i < uses_.size(); ++i) {
      const Suppression& each = configuration_.suppressions[i];
      if (!IsFor(each, *report) || !Fits(each, diagnosis)) continue;
      ++uses_[i];
      if (used == nullptr && !HasExpired(each)) used = &each;
    }
    if (used == nullptr) {
      left.push_back(std::move(diagnosis));
    } else {
      report->suppressed.push_back({std::move(diagnosis), used->reason});
    }
  }
  report->diagnoses = std::move(left);
}

Report Suppressor::Remarks(const RuleChoice& choice) const {
  Report report{.path = configuration_.path, .kind = "configuration"};
  const auto add = [&](std::string_view id, std::string message,
                       const Suppression& suppression, std::string repair) {
    if (!choice.Runs(*FindRule(id))) return;
    report.diagnoses.push_back(
        {.rule = std::string(id),
         .message = std::move(message),
         .evidence = {{"suppress", ShownSuppression(suppression),
                       Place{.file = configuration_.path}}},
         .repair = std::move(repair)});
  };
  for (size_t i = 0; i < uses_.size(); ++i) {
    const Suppression& each = configuration_.suppressions[i];
    if (uses_[i] == 0 && judged_[i] && RunsOne(choice, each.rule)) {
      add("CFG001", "a suppression fits no finding", each, "take it out");
    } else if (uses_[i] != 0 && HasExpired(each)) {
      add("CFG002", "a suppression has expired: its finding counts again", each,
          "repair the fault, or give it another day");
    }
  }
  return report;
}

}  // namespace fullstop
