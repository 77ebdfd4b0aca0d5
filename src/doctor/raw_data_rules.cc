#include "doctor/raw_data_rules.h"

#include <array>

#include "doctor/rule.h"

namespace fullstop {
namespace {

// First those of RawFault, in its order.
constexpr std::array kFaults = {
    DataFault{"DAT020"},
    DataFault{"DAT021"},
    DataFault{"DAT022"},
    DataFault{"DAT023"},
    DataFault{"DAT024"},
    DataFault{"DAT025"},
    DataFault{.rule = "DAT026", .seldom = Severity::kNote},
    DataFault{"DAT027"},
    DataFault{"DAT028"},
    DataFault{"DAT029"},
    DataFault{"DAT030"},
    DataFault{"DAT031"},
    DataFault{.rule = "DAT032", .seldom = Severity::kNote},
    DataFault{"DAT033"},
    kRepeatedRow,
    kRefusedRow,
    kEndlessTurn,
    kDroppedRow,
};

constexpr std::array kRules = {
    Rule{"DAT020", "not understood, wholly or in part", Severity::kError,
         "A trainer drops them, or fails.",
         "The row is no JSON, has neither messages, conversations, an "
         "instruction nor a text, or holds roles, calls or a text that are not "
         "known.",
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
    Rule{
        "DAT027", "answers that break off", Severity::kWarning,
        "Replies that stop in mid-sentence.",
        "A fence, bracket or quote is not closed; the last line is a list's "
        "number, ends with a comma or a word that needs another, or has no "
        "stop where the other lines have; an item lacks what the others of its "
        "list have; or the answer has no stop, and its last word, or its "
        "length, tells of a cut as the other answers of the file show.",
        "Leave the row out.",
        "Lists that were cut behind a whole item; where many answers have no "
        "stop, those cut behind a word; most cuts of Thai and Khmer.",
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
    Rule{"DAT030", "placeholders that nobody filled in", Severity::kWarning,
         "\"I am {{name}}.\"",
         "A name in braces ({{x}}, {x}, ${x}, [[x]], <<x>>, <%= x %>, %(x)s) "
         "stands in an answer, outside of code and formulas, and the prompt "
         "neither has one nor asks for a template.",
         "Fill it in.", "[Your Name], as in letters.", "E38", nullptr},
    Rule{"DAT031", "answers that begin with a label", Severity::kWarning,
         "\"Output: …\"",
         "A word for the answer or the assistant and a colon stand before it, "
         "in one of some 20 languages, and no prompt asks for it.",
         "Take it off.", "Other languages.", "E38", nullptr},
    Rule{"DAT032", "prompts that say <noinput>", Severity::kWarning,
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
        "DAT034", "the same conversation stood before", Severity::kNote,
        "Some answers are learnt by heart.",
        "Roles, texts, thoughts and calls are equal, in whatever layout, white "
        "space around them aside.",
        "Leave them out.", "Rows that are nearly the same.", "E38", nullptr},
    Rule{
        "DAT035", "the model's template refuses them", Severity::kWarning,
        "A trainer fails, or drops the row without a word.",
        "The template raises an exception on this conversation: a role that it "
        "does not know, roles out of turn, a call that it can't write.",
        "Bring the row into what the template takes.", "",
        "E37: LLaMA-Factory's supervised processor", nullptr},
    Rule{
        "DAT036", "answers behind which the template writes no end",
        Severity::kError, "The fine-tune never stops.",
        "Rendered with the model's template, no end of the model stands behind "
        "the answer: trained on it, the model learns to go on.",
        "Repair the template, or let the trainer add the end.",
        "Trainers that add an end of their own.", "E01, E23", nullptr},
    Rule{"DAT037", "a cut-off takes ends away", Severity::kWarning,
         "Long answers never stop.",
         "Of rows that are cut at --cutoff the turns behind it lose their end. "
         "A note up to one turn in a hundred.",
         "Raise the cut-off, or leave such rows out.",
         "Trainers that cut otherwise than at the end: --trainer knows one.",
         "E04: LLaMA-Factory#3945, MedicalGPT#157", nullptr},
    Rule{
        "DAT038", "the recipe packs rows that see each other",
        Severity::kWarning, "Answers drift to other subjects.",
        "packing without neat_packing: nothing keeps the texts of a packed row "
        "apart.",
        "Set neat_packing.", "", "E30", nullptr},
    Rule{"DAT039", "the recipe keeps rows once they are tokenized",
         Severity::kNote, "Changes of the data have no effect.",
         "tokenized_path is read where it is there, whatever became of data, "
         "template and cut-off.",
         "Remove that folder whenever one of them changes.", "",
         "E02: Chinese-LLaMA-Alpaca-3", nullptr},
    Rule{"DAT040", "the trainer drops them", Severity::kWarning,
         "Fewer rows are trained than there are.",
         "Questions and answers do not take turns, or the last turn is no "
         "answer: the trainer leaves the row out, with a warning in its log.",
         "Bring the turns into order.", "Other trainers.",
         "E37: LLaMA-Factory's converters", nullptr},
};

}  // namespace

std::span<const Rule> RawDataRules() { return kRules; }

std::span<const DataFault> RawFaults() { return kFaults; }

const DataFault& FaultOf(RawFault fault) {
  return kFaults.at(static_cast<size_t>(fault));
}

}  // namespace fullstop
