// What the doctor knows of one kind of fault, and what a check of it found.
#ifndef FULLSTOP_DOCTOR_RULE_H_
#define FULLSTOP_DOCTOR_RULE_H_

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/change.h"
#include "doctor/place.h"

namespace fullstop {

class Target;

// What happens in a runtime that does exactly what the files say.
enum class Severity {
  kNote,     // replies end; something else is worth knowing
  kWarning,  // the files contradict each other about an end, or it was guessed
  kError,    // a reply or a call ends with no id that any file declares
};
inline constexpr std::array kSeverities = {Severity::kNote, Severity::kWarning,
                                           Severity::kError};

// How sure a finding is.
enum class Certainty {
  kCertain,  // the files say so themselves
  kLikely,   // it follows from renderings of the template
  kPossible,
};

// One place in a target and what stands there.
struct Exhibit {
  std::string where;  // "generation_config.json: eos_token_id", a GGUF key
  std::string shown;  // a value, or the shortest rendering; may be empty
  // Set once the check is over; absent where WHERE is no place in a file.
  std::optional<Place> place = {};
};

struct Diagnosis {
  std::string rule = {};
  Severity severity = Severity::kNote;
  Certainty certainty = Certainty::kCertain;
  // One sentence: what is so and what it leads to.
  std::string message = {};
  std::vector<Exhibit> evidence = {};
  // What to do to this target; empty where nothing need be done.
  std::string repair = {};
  // The same for a program; empty where only a person can do it.
  std::vector<Change> changes = {};
  Safety safety = Safety::kSafe;
};

// A rule that could not be evaluated, which is no pass.
struct NotEvaluated {
  std::string rule;
  std::string why;
};

// What a check adds to. Its findings get the id of RULE.
class Findings {
 public:
  explicit Findings(std::string_view rule) : rule_(rule) {}

  void Add(Diagnosis diagnosis) {
    diagnosis.rule = rule_;
    diagnoses_.push_back(std::move(diagnosis));
  }
  void CannotTell(std::string why) { unknown_.push_back({rule_, why}); }

  std::vector<Diagnosis>& diagnoses() { return diagnoses_; }
  std::vector<NotEvaluated>& unknown() { return unknown_; }

 private:
  std::string rule_;
  std::vector<Diagnosis> diagnoses_;
  std::vector<NotEvaluated> unknown_;
};

// A page of docs/rules.md, and the check. Lives for ever.
struct Rule {
  std::string_view id;     // "GEN001"; its meaning never changes
  std::string_view title;  // what is wrong
  Severity severity;       // the highest of its findings
  std::string_view sees;   // what somebody who talks to the model sees
  std::string_view why;    // how it comes to that
  std::string_view repair;
  std::string_view misses;   // what it can't find
  std::string_view reports;  // rows of the catalogue of issues/, and threads
  // nullptr where it is not about a target's files.
  void (*check)(const Target& target, Findings* findings);
};

// The rules of each family, by id.
std::span<const Rule> EndRules();              // GEN: ends
std::span<const Rule> SamplingRules();         // GEN: what generation is told
std::span<const Rule> TemplateRules();         // TPL
std::span<const Rule> TurnRules();             // TPL: turns beside each other
std::span<const Rule> ContentRules();          // TPL: forms of contents
std::span<const Rule> TokenRules();            // TOK
std::span<const Rule> WeightRules();           // TOK: rows of the output head
std::span<const Rule> AdapterRules();          // ADP: does it fit its base
std::span<const Rule> AdapterSizeRules();      // ADP: how many rows there are
std::span<const Rule> AdapterRowRules();       // ADP: what stands in them
std::span<const Rule> AdapterProtocolRules();  // ADP: ends before and after
std::span<const Rule> GgufRules();             // GGUF: what a conversion lost
std::span<const Rule> DataRules();             // DAT: what a trainer made
std::span<const Rule> RawDataRules();          // DAT: rows as they were written
std::span<const Rule> LiveRules();             // RUN: what the weights do
std::span<const Rule> ConfigurationRules();    // CFG: the doctor's own settings

// All of them, causes before what follows from them.
std::vector<const Rule*> AllRules();
// nullptr where there is none of this id.
const Rule* FindRule(std::string_view id);

// "note", "warning", "error".
std::string_view SeverityName(Severity severity);
// nullopt where NAME is none of them.
std::optional<Severity> SeverityOf(std::string_view name);
// "certain", "likely", "possible".
std::string_view CertaintyName(Certainty certainty);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_RULE_H_
