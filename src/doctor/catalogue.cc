#include "doctor/catalogue.h"

#include <array>

#include "doctor/report.h"
#include "doctor/rule.h"

namespace fullstop {
namespace {

constexpr std::array kRows = {
    CatalogueRow{"M01", "the declared end is not the one the template writes",
                 "files"},
    CatalogueRow{"M02", "a GGUF file has one end, the model several",
                 "files; --against names each that was lost"},
    CatalogueRow{"M03", "a marker in the stop list leaks into the text",
                 "not ours, because a runtime prints it: the files are right"},
    CatalogueRow{"M04", "the end of a call is no declared end", "files"},
    CatalogueRow{"M05", "a converter kept the first ends of a list",
                 "files; --against names each that was lost"},
    CatalogueRow{"M06", "a list of ends was dropped, markers are split",
                 "files; --against"},
    CatalogueRow{"M07", "eos is declared, turns end with another id", "files"},
    CatalogueRow{"M08", "generation_config.json replaced the other ends",
                 "files"},
    CatalogueRow{"M09", "bos, eos and pad are one token; a header too many",
                 "files"},
    CatalogueRow{"M10", "a list of ends lacks the end of a turn", "files"},
    CatalogueRow{"M11",
                 "eos is declared, turns end with another id, whose "
                 "name changed",
                 "files"},
    CatalogueRow{"M12", "two files declare different ends", "files"},
    CatalogueRow{"M13", "of several ends one was kept", "files; --against"},
    CatalogueRow{"M14", "the template ends a turn with an id of another kind",
                 "files"},
    CatalogueRow{"M15", "a base model's files disagree, fine-tunes inherit it",
                 "files"},
    CatalogueRow{"M16", "filling in ends otherwise than chat does",
                 "not ours, because both ends are declared: a runtime has to "
                 "take all of them"},
    CatalogueRow{"M17", "what parts sections is declared as an end", "files"},
    CatalogueRow{"M18", "the end of a call is missing", "files"},
    CatalogueRow{"M19", "an end is matched as text",
                 "not ours, because a runtime does it: the files are right"},
    CatalogueRow{"M20", "tokens are counted as ends by their name",
                 "files; --against"},
    CatalogueRow{"M21", "the prompt opens the thought", "files"},
    CatalogueRow{"M22", "earlier thoughts are left out", "files"},
    CatalogueRow{"M23", "a greedy model's thought never closes",
                 "files; --live, for how often"},
    CatalogueRow{"M24", "a space more or less",
                 "files, as far as texts are stripped; --live"},
    CatalogueRow{"M25", "the template was guessed", "files; --against"},
    CatalogueRow{"M26", "two BOS", "files"},
    CatalogueRow{"M27", "BOS is forced on a model that has none",
                 "files; --against"},
    CatalogueRow{"M28", "the context is shifted for ever",
                 "not ours, because a runtime does it: the files are right"},
    CatalogueRow{"M29", "an end is banned; a penalty is declared", "files"},
    CatalogueRow{"M30", "a penalty on repetition hits ends", "files"},
    CatalogueRow{"E01", "a trained turn lacks its end",
                 "--tokenized; --data with a model, or --trainer"},
    CatalogueRow{"E02", "a stale cache of tokenised data",
                 "--trainer, for where it is kept"},
    CatalogueRow{"E03", "padding is eos, so that ends are masked",
                 "files, as a note; --tokenized"},
    CatalogueRow{"E04", "truncation cuts ends off",
                 "--tokenized; --data with --cutoff or --trainer"},
    CatalogueRow{"E05", "a cut answer is given an end", "--tokenized"},
    CatalogueRow{"E06", "masked history trains an old end", "--tokenized"},
    CatalogueRow{"E07", "training and serving use different templates",
                 "--base; --against"},
    CatalogueRow{"E08", "another family's markers in the data", "--data"},
    CatalogueRow{"E11", "files keep the old end after training",
                 "files; --base says where it comes from"},
    CatalogueRow{"E13", "control rows were never trained",
                 "files, as a note; --base; --live"},
    CatalogueRow{"E14", "new rows were initialised in the wrong place",
                 "--base; files, as a note; --against"},
    CatalogueRow{"E15", "resized rows do not fit", "--base; files"},
    CatalogueRow{"E16", "a tied head was split", "--base"},
    CatalogueRow{"E18", "a thought's marker is special, or split",
                 "files; --against"},
    CatalogueRow{"E19", "the prompt has a marker that the target lacks",
                 "files, as a note; --tokenized"},
    CatalogueRow{"E20", "empty thoughts are added", "files; --data"},
    CatalogueRow{"E21", "thoughts are trained in history, and left out in chat",
                 "files"},
    CatalogueRow{"E23", "the template ignores add_generation_prompt", "files"},
    CatalogueRow{"E24", "trained without BOS, served with it",
                 "files, as a note; --tokenized"},
    CatalogueRow{"E26", "the second turn differs between training and chat",
                 "files, as a note; --tokenized"},
    CatalogueRow{"E27", "prompt and answer were tokenised apart",
                 "--tokenized"},
    CatalogueRow{"E28", "control strings inside of content", "--data"},
    CatalogueRow{"E29", "a hidden system text", "files"},
    CatalogueRow{"E30", "packed samples see each other",
                 "--tokenized; --trainer"},
    CatalogueRow{"E35", "an export lost ends, or added some",
                 "files; --against"},
    CatalogueRow{"E37", "rows are dropped without a word",
                 "--data; --trainer, for which are dropped"},
    CatalogueRow{"E38", "repeated or unfinished answers, unbalanced thoughts",
                 "--data"},
};

}  // namespace

std::span<const CatalogueRow> Catalogue() { return kRows; }

std::vector<std::string_view> RulesOf(std::string_view row) {
  std::vector<std::string_view> rules;
  for (const Rule* rule : AllRules()) {
    if (rule->reports.find(row) != std::string_view::npos) {
      rules.push_back(rule->id);
    }
  }
  return rules;
}

std::string PrintAllPages() {
  std::string text =
      "# The doctor's rules\n\n"
      "Written by `fullstop doctor --explain all`. The severity is the highest "
      "of a rule's findings: *error* where a reply or a call ends with no id "
      "that any file declares, *warning* where the files contradict each other "
      "about an end or it was guessed, *note* for everything else.\n\n";
  for (const Rule* rule : AllRules()) text += PrintPage(*rule) + "\n";
  text +=
      "## How generations fail to end, and what finds it\n\n"
      "The rows of `issues/`: M are faults of a model's own files, E of "
      "training data and adapters.\n\n"
      "| row | what is wrong | needs | rules |\n|---|---|---|---|\n";
  for (const CatalogueRow& row : Catalogue()) {
    std::string rules;
    for (const std::string_view rule : RulesOf(row.id)) {
      rules += (rules.empty() ? "" : ", ") + std::string(rule);
    }
    text += "| " + std::string(row.id) + " | " + std::string(row.what) + " | " +
            std::string(row.needs) + " | " + rules + " |\n";
  }
  return text;
}

}  // namespace fullstop
