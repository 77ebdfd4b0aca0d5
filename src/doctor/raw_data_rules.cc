#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "data/json_rows.h"
#include "data/raw_check.h"
#include "doctor/raw_data.h"
#include "doctor/rule.h"
#include "doctor/severity_order.h"
#include "doctor/target.h"

namespace fullstop {
namespace {

constexpr size_t kExamples = 20;
// Rows that are read before they are checked.
constexpr size_t kGroup = 4096;
// Above it a fault is the rule of the data, not its dust.
constexpr double kMuch = 0.01;

struct RowFault {
  RawFault fault;
  std::string_view rule;
  Severity seldom;  // up to kMuch
  Severity often;
  std::string_view message;
  std::string_view repair;
};

constexpr std::array kFaults = {
    RowFault{RawFault::kUnreadable, "DAT020", Severity::kWarning,
             Severity::kError, "rows, or parts of them, are not understood",
             "name the columns with --columns"},
    RowFault{RawFault::kRoleOrder, "DAT021", Severity::kWarning,
             Severity::kWarning, "rows have turns in an order that no chat has",
             ""},
    RowFault{RawFault::kEmptyAnswer, "DAT022", Severity::kWarning,
             Severity::kWarning, "rows have an answer that says nothing",
             "leave them out"},
    RowFault{RawFault::kControlText, "DAT023", Severity::kWarning,
             Severity::kError,
             "rows spell a control token of this model in their words",
             "take it out: a trainer makes it the token itself"},
    RowFault{RawFault::kForeignMarker, "DAT024", Severity::kWarning,
             Severity::kWarning, "rows hold a marker of another template",
             "bring them into plain messages"},
    RowFault{RawFault::kOpenThought, "DAT025", Severity::kWarning,
             Severity::kWarning,
             "rows have a thought that is opened and not closed, or closed and "
             "not opened",
             ""},
    RowFault{RawFault::kEmptyThought, "DAT026", Severity::kNote,
             Severity::kNote, "rows have a thought without words", ""},
    RowFault{RawFault::kUnfinished, "DAT027", Severity::kWarning,
             Severity::kWarning, "answers break off",
             "leave them out: the model learns to stop anywhere"},
    RowFault{RawFault::kLoop, "DAT028", Severity::kWarning, Severity::kWarning,
             "answers repeat themselves", "leave them out"},
    RowFault{RawFault::kEcho, "DAT029", Severity::kWarning, Severity::kWarning,
             "answers are their prompt, word for word", "leave them out"},
    RowFault{RawFault::kPlaceholder, "DAT030", Severity::kWarning,
             Severity::kWarning,
             "answers hold a name in braces that nobody filled in",
             "fill it in"},
    RowFault{RawFault::kLabel, "DAT031", Severity::kWarning, Severity::kWarning,
             "answers begin with a label",
             "take it off: the model writes it too"},
    RowFault{RawFault::kNoInput, "DAT032", Severity::kNote, Severity::kWarning,
             "prompts say <noinput>", "take it out"},
    RowFault{RawFault::kEncodingDamage, "DAT033", Severity::kWarning,
             Severity::kWarning, "texts were decoded wrongly",
             "read them anew, as UTF-8"},
};

struct Found {
  size_t line = 0;
  RawFinding finding;
};

struct Tally {
  size_t rows = 0;
  size_t last_line = 0;
  std::vector<Exhibit> examples;
};

struct HashedRow {
  ConversationHash hash;
  size_t line = 0;
  auto operator<=>(const HashedRow&) const = default;
};

// What one thread makes of its rows.
struct Part {
  explicit Part(const RawColumns& columns) : reader(columns) {}

  void Check(std::span<const JsonRow> rows, const RawChecks& checks) {
    found.clear();
    hashes.clear();
    for (const JsonRow& json : rows) {
      reader.Read(json, &row);
      for (RawFinding& each : CheckRaw(row, checks, &lengths)) {
        found.push_back({json.line, std::move(each)});
      }
      if (!row.turns.empty()) hashes.push_back({HashOf(row), json.line});
    }
  }

  RawRowReader reader;
  RawRow row;
  std::vector<Found> found;
  std::vector<HashedRow> hashes;
  LengthPileup lengths;
};

class Examiner {
 public:
  Examiner(const std::string& path, const RawDataOptions& options)
      : options_(options), rows_(path) {
    if (options.target != nullptr) {
      for (const SpecialToken& token : options.target->facts().specials) {
        if (token.control) checks_.control.push_back(token.text);
      }
    }
    for (size_t i = 0; i < std::max<size_t>(1, options.threads); ++i) {
      parts_.emplace_back(options.columns);
    }
  }

  // False where it was given up.
  bool Run() {
    std::vector<JsonRow> group;
    JsonRow row;
    bool more = true;
    while (more) {
      group.clear();
      while (group.size() < kGroup && (more = rows_.Next(&row))) {
        group.push_back(row);
      }
      CheckGroup(group);
      if (options_.progress &&
          !options_.progress(rows_.done(), rows_.total())) {
        return false;
      }
    }
    TakeCutOff();
    CountDuplicates();
    return true;
  }

  std::vector<Diagnosis> Findings(const RuleChoice& choice) const {
    std::vector<Diagnosis> findings;
    for (const RowFault& fault : kFaults) {
      const auto tally = tallies_.find(fault.fault);
      if (tally == tallies_.end()) continue;
      const bool often = static_cast<double>(tally->second.rows) >
                         kMuch * static_cast<double>(count_);
      Add(fault.rule, often ? fault.often : fault.seldom,
          Counted(tally->second.rows) + std::string(fault.message),
          tally->second.examples, fault.repair, choice, &findings);
    }
    if (duplicates_.rows > 0) {
      Add("DAT034", Severity::kNote,
          Counted(duplicates_.rows) + "the same conversation stood before",
          duplicates_.examples, "leave them out", choice, &findings);
    }
    return findings;
  }

 private:
  static void Add(std::string_view rule, Severity severity, std::string message,
                  const std::vector<Exhibit>& examples, std::string_view repair,
                  const RuleChoice& choice, std::vector<Diagnosis>* findings) {
    if (!choice.Runs(*FindRule(rule))) return;
    findings->push_back({.rule = std::string(rule),
                         .severity = severity,
                         .certainty = Certainty::kLikely,
                         .message = std::move(message),
                         .evidence = examples,
                         .repair = std::string(repair)});
  }

  std::string Counted(size_t rows) const {
    return std::to_string(rows) + " of " + std::to_string(count_) + " rows: ";
  }

  void CheckGroup(const std::vector<JsonRow>& group) {
    count_ += group.size();
    const size_t share = group.size() / parts_.size() + 1;
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < parts_.size(); ++i) {
        const size_t begin = std::min(group.size(), i * share);
        const size_t size = std::min(group.size() - begin, share);
        const auto slice = std::span(group).subspan(begin, size);
        threads.emplace_back(
            [this, i, slice] { parts_[i].Check(slice, checks_); });
      }
    }
    for (Part& part : parts_) {
      for (Found& each : part.found) Take(std::move(each));
      hashes_.insert(hashes_.end(), part.hashes.begin(), part.hashes.end());
    }
  }

  void Take(Found found) {
    Tally& tally = tallies_[found.finding.fault];
    if (tally.last_line == found.line) return;  // once a row
    tally.last_line = found.line;
    ++tally.rows;
    AddExample(found.line, std::move(found.finding.shown), &tally);
  }

  // Answers whose words don't say that they break off, but whose lengths do.
  void TakeCutOff() {
    LengthPileup lengths;
    for (Part& part : parts_) lengths.Take(&part.lengths);
    for (const auto& each : lengths.AtCutOffs(lengths.CutOffs())) {
      Take({each.line,
            {RawFault::kUnfinished, each.turn,
             "about " + std::to_string(each.pieces) +
                 " tokens, where many answers end without an end"}});
    }
  }

  void AddExample(size_t line, std::string shown, Tally* tally) const {
    if (tally->examples.size() == kExamples) return;
    tally->examples.push_back({rows_.path() + ": line " + std::to_string(line),
                               std::move(shown),
                               Place{.file = rows_.path(), .line = line}});
  }

  void CountDuplicates() {
    std::ranges::sort(hashes_);
    for (size_t i = 1; i < hashes_.size(); ++i) {
      if (hashes_[i].hash != hashes_[i - 1].hash) continue;
      ++duplicates_.rows;
      AddExample(hashes_[i].line,
                 "as line " + std::to_string(hashes_[i - 1].line),
                 &duplicates_);
    }
  }

  const RawDataOptions& options_;
  JsonRows rows_;
  RawChecks checks_;
  std::deque<Part> parts_;
  size_t count_ = 0;
  std::map<RawFault, Tally> tallies_;
  std::vector<HashedRow> hashes_;
  Tally duplicates_;
};

constexpr std::array kRules = {
    Rule{"DAT020", "rows are in no layout", Severity::kError,
         "A trainer drops them, or fails.",
         "The row is no JSON, or has neither messages, conversations, an "
         "instruction nor a text.",
         "Name the columns with --columns.", "", "E37", nullptr},
    Rule{"DAT021", "turns in an order that no chat has", Severity::kWarning,
         "Answers to nothing.",
         "An answer or a tool's result comes first, two answers or prompts "
         "stand in a row, a system text stands behind other turns, or the last "
         "prompt has no answer.",
         "", "Calls beside words: they may be told apart.", "E37", nullptr},
    Rule{"DAT022", "answers that say nothing", Severity::kWarning,
         "Empty replies.",
         "The answer has neither words nor calls: spaces, nothing, a thought.",
         "Leave the row out.", "", "E38", nullptr},
    Rule{"DAT023", "control tokens in the words", Severity::kError,
         "Replies that end in the middle, or turns of nobody.",
         "A text spells a control token of the model: trainers that encode the "
         "whole rendering make it the token.",
         "Take it out.", "Without a model: DAT024.", "E28, R03", nullptr},
    Rule{"DAT024", "markers of another template", Severity::kWarning,
         "Markers in replies.",
         "The data was rendered for another family, or copied out of a log.",
         "Bring it into plain messages.",
         "Speakers that are only named. Silent on markers that stand in code, "
         "and where the row names them in code too.",
         "E08: xtuner#343", nullptr},
    Rule{"DAT025", "thoughts that are not balanced", Severity::kWarning,
         "Thoughts that never close.",
         "<think> and </think> do not match in an answer; so with thinking, "
         "thought and reasoning.",
         "",
         "Other names. Silent where the tags match once those in code are "
         "left out, or counted.",
         "E38, E19", nullptr},
    Rule{"DAT026", "empty thoughts", Severity::kNote,
         "The model stops thinking.", "Somebody added them.", "", "",
         "E20: LLaMA-Factory#9392", nullptr},
    Rule{"DAT027", "answers that break off", Severity::kWarning,
         "Replies that stop in mid-sentence.",
         "A fence, bracket or quote is not closed; the last line is a list's "
         "number, ends with a comma or a word that needs another, or has no "
         "stop where the other lines have; or it has none, and many answers of "
         "this length have none: a limit cut them.",
         "Leave the row out.",
         "Answers of one short sentence that were cut behind a word, lists of "
         "names, Thai, Khmer.",
         "E04, E38", nullptr},
    Rule{"DAT028", "answers that loop", Severity::kWarning, "Repetition.",
         "200 bytes or more are one text five times, at the end or within. "
         "Drawings, rulers and noughts are none, nor what the prompt asks for.",
         "Leave the row out.", "Loops that go on with other words.", "E38",
         nullptr},
    Rule{"DAT029", "answers that are their prompt", Severity::kWarning,
         "The model repeats the question.",
         "They are equal, word for word, and no system text asks for it.",
         "Leave the row out.", "Less than 16 bytes.", "E38", nullptr},
    Rule{"DAT030", "placeholders", Severity::kWarning, "\"I am {{name}}.\"",
         "A name in braces ({{x}}, {x}, ${x}, [[x]], <<x>>, <%= x %>, %(x)s) "
         "stands in an answer, outside of code and formulas, and the prompt "
         "neither has one nor asks for a template.",
         "Fill it in.", "[Your Name], as in letters.", "E38", nullptr},
    Rule{"DAT031", "answers that begin with a label", Severity::kWarning,
         "\"Output: …\"",
         "A word for the answer or the assistant and a colon stand before it, "
         "in one of some 20 languages, and no prompt asks for it.",
         "Take it off.", "Other languages.", "E38", nullptr},
    Rule{"DAT032", "<noinput>", Severity::kWarning,
         "Odd answers to prompts without it.",
         "A data set's sign for nothing stands in the prompt, in brackets or "
         "on a line of its own.",
         "Take it out.", "", "E38", nullptr},
    Rule{"DAT033", "text that was decoded wrongly", Severity::kWarning,
         "Broken characters.",
         "U+FFFD, C1 controls, or UTF-8 that was read as Latin-1, as "
         "Windows-1252 or -1251, or as GBK.",
         "Read the source anew, as UTF-8.", "Other encodings.", "E38", nullptr},
    Rule{
        "DAT034", "the same conversation twice", Severity::kNote,
        "Some answers are learnt by heart.",
        "Roles, texts, thoughts and calls are equal, in whatever layout, white "
        "space around them aside.",
        "Leave them out.", "Rows that are nearly the same.", "E38", nullptr},
};

}  // namespace

std::span<const Rule> RawDataRules() { return kRules; }

Report ExamineRaw(const std::string& path, const RawDataOptions& options,
                  const RuleChoice& choice) {
  Examiner examiner(path, options);
  Report report{.path = path, .kind = "raw data", .main = {.file = path}};
  if (options.target != nullptr) {
    report.hash = options.target->protocol().hash();
  }
  if (!examiner.Run()) return report;
  report.diagnoses = BySeverity(examiner.Findings(choice));
  return report;
}

}  // namespace fullstop
