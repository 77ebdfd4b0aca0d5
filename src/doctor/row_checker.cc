#include "doctor/row_checker.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "data/row_messages.h"
#include "doctor/label_rules.h"
#include "doctor/raw_data_rules.h"

namespace fullstop {
namespace {

size_t WordsOf(const RawRow& row) {
  size_t bytes = 0;
  for (const RawTurn& turn : row.turns) {
    bytes += turn.text.size() + turn.thought.size();
    for (const std::string& call : turn.calls) bytes += call.size();
  }
  return bytes;
}

// The last words of TURN.
std::string TailOf(const LabelledRow& row, const WrittenTurn& turn) {
  constexpr size_t kShownBytes = 60;
  if (turn.end == 0) return {};
  const std::string_view text =
      std::string_view(row.prompt.text)
          .substr(0, row.prompt.ids[turn.end - 1].source.end);
  return std::string(text.substr(
      CharacterStart(text, text.size() - std::min(text.size(), kShownBytes))));
}

// Whether questions and answers take turns, as the trainer wants it: it drops
// other rows.
bool TakesTurns(const RowMessages& messages) {
  bool answer = false;
  for (const auto& message : messages.messages) {
    const auto& role = message["role"];
    if (role == "system") continue;
    if ((role == "assistant") != answer) return false;
    answer = !answer;
  }
  return !answer;
}

}  // namespace

RowContext::RowContext(const Target* model) : target(model) {
  if (target == nullptr) return;
  for (const SpecialToken& token : target->facts().specials) {
    if (token.control) checks.control.push_back(token.text);
  }
  const TurnProtocol& protocol = target->protocol();
  if (!protocol.has_template() || protocol.tokenizer() == nullptr) return;
  labeller.emplace(protocol);
  texts.emplace(protocol);
  labels.emplace(protocol, LabelChecker::Ids::kOurs);
}

void RowContext::Read(const JsonRow& json, RawRowReader* reader,
                      RawRow* row) const {
  reader->Read(json, row);
  if (row->layout == RawLayout::kText && texts && row->turns.size() == 1) {
    texts->Read(row);
  }
}

void RowCounts::Add(const RowCounts& other) {
  rows += other.rows;
  turns += other.turns;
  units += other.units;
  written += other.written;
  predicted_turns += other.predicted_turns;
  lengths.Add(other.lengths);
  cuts.resize(std::max(cuts.size(), other.cuts.size()));
  for (size_t i = 0; i < other.cuts.size(); ++i) {
    cuts[i].rows += other.cuts[i].rows;
    cuts[i].ends += other.cuts[i].ends;
  }
}

RowChecker::RowChecker(const RowContext& context)
    : context_(&context), reader_(context.columns) {
  counts_.cuts.resize(context.cutoffs.size());
}

std::vector<RowFinding> RowChecker::Check(const JsonRow& json) {
  findings_.clear();
  context_->Read(json, &reader_, &row_);
  for (RawFinding& each : CheckRaw(row_, context_->checks, &answers_)) {
    Add(FaultOf(each.fault), std::move(each.shown));
  }
  ++counts_.rows;
  if (row_.turns.empty()) return std::move(findings_);
  if (context_->labeller) {
    Render();
  } else {
    const size_t words = WordsOf(row_);
    counts_.units += words;
    counts_.lengths.Add(words);
  }
  return std::move(findings_);
}

void RowChecker::Add(const DataFault& fault, std::string shown) {
  findings_.push_back({&fault, std::move(shown)});
}

void RowChecker::Render() {
  // A text that no template wrote has nothing to render.
  if (row_.layout == RawLayout::kText && row_.turns.size() == 1) return;
  RowMessages messages = MessagesOf(row_);
  for (const std::string& fault : messages.faults) {
    Add(FaultOf(RawFault::kUnreadable), fault);
  }
  try {
    const bool dropped = context_->trainer && !TakesTurns(messages);
    const LabelledRow labelled =
        context_->labeller->Label(std::move(messages), &pieces_);
    Count(labelled);
    if (!context_->trainer) return;
    if (dropped) {
      Add(kDroppedRow, "questions and answers do not take turns");
    } else {
      Predict(labelled);
    }
  } catch (const Error& error) {
    Add(kRefusedRow, error.message());
  }
}

void RowChecker::Count(const LabelledRow& labelled) {
  const size_t size = labelled.prompt.ids.size();
  counts_.units += size;
  counts_.lengths.Add(size);
  counts_.turns += labelled.turns.size();
  for (const WrittenTurn& turn : labelled.turns) {
    counts_.written += turn.end - turn.begin;
    if (!turn.stop) Add(kEndlessTurn, TailOf(labelled, turn));
  }
  for (size_t i = 0; i < context_->cutoffs.size(); ++i) {
    const size_t cutoff = context_->cutoffs[i];
    if (size > cutoff) ++counts_.cuts[i].rows;
    counts_.cuts[i].ends += static_cast<size_t>(
        std::ranges::count_if(labelled.turns, [&](const WrittenTurn& turn) {
          return turn.stop && *turn.stop >= cutoff;
        }));
  }
}

void RowChecker::Predict(const LabelledRow& labelled) {
  const PredictedRow made =
      fullstop::Predict(labelled, *context_->trainer, context_->trainer_ends);
  const LabelReport report = context_->labels->Check(made.row);
  counts_.predicted_turns += report.turns;
  for (const LabelFinding& finding : report.findings) {
    LabelFault fault = finding.fault;
    // The cut-off is known: nothing need be guessed from the words.
    if (fault == LabelFault::kEndBehindCut) continue;
    if (fault == LabelFault::kCut || fault == LabelFault::kNoEnd) {
      fault = made.ends_cut > 0 ? LabelFault::kCut : LabelFault::kNoEnd;
    }
    Add(FaultOf(fault), ShowIds(*context_->target, made.row, finding));
  }
  if (made.ended_behind_cut) {
    const size_t end = made.row.ids.size();
    const LabelFinding last = {LabelFault::kEndBehindCut, 0, end};
    Add(FaultOf(last.fault), ShowIds(*context_->target, made.row, last));
  }
}

}  // namespace fullstop
