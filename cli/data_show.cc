#include "cli/data_show.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "data/json_rows.h"
#include "data/labelled_row.h"
#include "data/predicted_row.h"
#include "data/row_messages.h"
#include "doctor/target.h"

namespace fullstop::cli {
namespace {

// What a stretch of text is to a trainer.
enum class Stretch { kTemplate, kGiven, kTrained, kEnd, kCut };
constexpr std::array<const char*, 5> kStretchNames = {"template", "given",
                                                      "trained", "end", "cut"};

struct Span {
  size_t begin = 0;
  size_t end = 0;
  Stretch kind = Stretch::kTemplate;
};

const char* NameOf(Stretch kind) {
  return kStretchNames.at(static_cast<size_t>(kind));
}

// The rows that were asked for, in the order of the file.
std::vector<JsonRow> Choose(JsonRows* rows, const ShowDataOptions& options) {
  std::vector<JsonRow> chosen;
  std::mt19937_64 random(options.seed);
  size_t count = 0;
  for (JsonRow row; rows->Next(&row);) {
    ++count;
    if (!options.rows.empty()) {
      if (std::ranges::find(options.rows, row.number) != options.rows.end()) {
        chosen.push_back(row);
      }
    } else if (chosen.size() < options.sample) {
      chosen.push_back(row);
    } else if (options.sample > 0) {
      // Each row so far is in the sample with the same probability.
      const size_t at =
          std::uniform_int_distribution<size_t>(0, count - 1)(random);
      if (at < chosen.size()) chosen[at] = row;
    }
  }
  for (const size_t wanted : options.rows) {
    if (wanted <= count) continue;
    throw Error::Usage("there is no row " + std::to_string(wanted) +
                       ": the file has " + Count(count, "row"))
        .In(rows->path());
  }
  std::ranges::sort(chosen, {}, &JsonRow::number);
  return chosen;
}

// What each id is to the trainer of CONTEXT.
std::vector<Stretch> StretchesOf(const LabelledRow& row,
                                 const RowContext& context) {
  std::vector<Stretch> kinds;
  for (const IdPart part : row.Parts()) {
    kinds.push_back(static_cast<Stretch>(part));
  }
  if (context.trainer) {
    const PredictedRow made =
        Predict(row, *context.trainer, context.trainer_ends);
    std::vector<Stretch> kept(kinds.size(), Stretch::kCut);
    for (size_t i = 0; i < made.places.size(); ++i) {
      const size_t at = made.places[i];
      const bool trained = made.row.labels[i] != kNotTrained;
      kept[at] = kinds[at];
      if (!trained && kinds[at] >= Stretch::kTrained)
        kept[at] = Stretch::kGiven;
      if (trained && kinds[at] < Stretch::kTrained)
        kept[at] = Stretch::kTrained;
    }
    // What stands behind the last answer is nobody's.
    const size_t last = row.turns.empty() ? 0 : row.turns.back().end;
    std::copy(kinds.begin() + static_cast<long>(last), kinds.end(),
              kept.begin() + static_cast<long>(last));
    kinds = std::move(kept);
  }
  if (!context.cutoffs.empty()) {
    const size_t cutoff = std::ranges::min(context.cutoffs);
    if (cutoff < kinds.size()) {
      std::fill(kinds.begin() + static_cast<long>(cutoff), kinds.end(),
                Stretch::kCut);
    }
  }
  return kinds;
}

// Neighbours differ.
std::vector<Span> SpansOf(const LabelledRow& row,
                          const std::vector<Stretch>& kinds) {
  std::vector<Span> spans;
  size_t done = 0;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const size_t end = row.prompt.ids[i].source.end;
    if (end <= done) continue;
    if (!spans.empty() && spans.back().kind == kinds[i]) {
      spans.back().end = end;
    } else {
      spans.push_back({done, end, kinds[i]});
    }
    done = end;
  }
  if (!spans.empty()) spans.back().end = row.prompt.text.size();
  return spans;
}

class Printer {
 public:
  Printer(const RowContext& context, const std::string& path)
      : context_(context), path_(path), reader_(context.columns) {}

  void PrintLegend() {
    if (!HasColour(stdout)) return;
    std::string line;
    for (size_t i = 0; i < kStretchNames.size(); ++i) {
      line += Painted(static_cast<Stretch>(i), kStretchNames.at(i)) + "  ";
    }
    WriteOut(line + "\n");
  }

  void Print(const JsonRow& json) {
    const std::string head = style_.bold + path_ + ": row " +
                             std::to_string(json.number) + ", line " +
                             std::to_string(json.line) + style_.plain;
    const std::optional<LabelledRow> row = Read(json);
    if (!row) {
      WriteOut("\n" + head + "\n" + Printable(refusal_) + "\n");
      return;
    }
    const std::vector<Stretch> kinds = StretchesOf(*row, context_);
    WriteOut("\n" + head + "\n" + Summary(*row, kinds) + "\n");
    for (const Span& span : SpansOf(*row, kinds)) {
      const std::string_view text =
          std::string_view(row->prompt.text)
              .substr(span.begin, span.end - span.begin);
      WriteOut(HasColour(stdout) ? InColour(span.kind, text)
                                 : InLines(span.kind, text));
    }
    if (HasColour(stdout)) WriteOut("\n");
  }

  Json ToJson(const JsonRow& json) {
    Json out = {{"row", json.number}, {"line", json.line}};
    const std::optional<LabelledRow> row = Read(json);
    if (!row) {
      out["refused"] = ReplaceInvalidUtf8(refusal_);
      return out;
    }
    const std::vector<Stretch> kinds = StretchesOf(*row, context_);
    Json ids = Json::array();
    Json parts = Json::array();
    for (size_t i = 0; i < kinds.size(); ++i) {
      ids.push_back(row->prompt.ids[i].id);
      parts.push_back(NameOf(kinds[i]));
    }
    Json spans = Json::array();
    for (const Span& span : SpansOf(*row, kinds)) {
      spans.push_back({{"begin", span.begin},
                       {"end", span.end},
                       {"part", NameOf(span.kind)}});
    }
    out["layout"] = RawLayoutName(raw_.layout);
    out["text"] = ReplaceInvalidUtf8(row->prompt.text);
    out["spans"] = std::move(spans);
    out["ids"] = std::move(ids);
    out["parts"] = std::move(parts);
    return out;
  }

 private:
  // nullopt where it can't be rendered; refusal_ says why.
  std::optional<LabelledRow> Read(const JsonRow& json) {
    context_.Read(json, &reader_, &raw_);
    if (!raw_.faults.empty()) {
      refusal_ = "not understood: " + raw_.faults.front();
      if (raw_.turns.empty() || raw_.layout == RawLayout::kText) {
        return std::nullopt;
      }
    }
    try {
      return context_.labeller->Label(MessagesOf(raw_));
    } catch (const Error& error) {
      refusal_ = "the model's template refuses it: " + error.message();
      return std::nullopt;
    }
  }

  std::string Summary(const LabelledRow& row,
                      const std::vector<Stretch>& kinds) const {
    const auto count = [&kinds](Stretch kind) {
      return static_cast<size_t>(std::ranges::count(kinds, kind));
    };
    std::string text =
        fmt::format("{}; {}, {} trained; {}", RawLayoutName(raw_.layout),
                    Count(kinds.size(), "id"),
                    count(Stretch::kTrained) + count(Stretch::kEnd),
                    Count(count(Stretch::kEnd), "end"));
    if (count(Stretch::kCut) > 0) {
      text += fmt::format(", {} cut", count(Stretch::kCut));
    }
    const auto endless = std::ranges::count_if(
        row.turns, [](const WrittenTurn& turn) { return !turn.stop; });
    if (endless > 0) {
      text += fmt::format("; the template writes no end behind {}",
                          Count(static_cast<uint64_t>(endless), "answer"));
    }
    return text;
  }

  std::string Painted(Stretch kind, std::string_view text) const {
    const std::array<std::string, 5> colours = {
        style_.cyan, style_.plain, style_.green, style_.bold + style_.yellow,
        style_.dim + style_.red};
    return colours.at(static_cast<size_t>(kind)) + std::string(text) +
           style_.plain;
  }

  // Lines stay lines; each is made fit for a terminal by itself.
  std::string InColour(Stretch kind, std::string_view text) const {
    std::string out;
    while (true) {
      const size_t end = text.find('\n');
      out += Painted(kind, Printable(text.substr(0, end)));
      if (end == text.npos) return out;
      out += '\n';
      text.remove_prefix(end + 1);
    }
  }

  static std::string InLines(Stretch kind, std::string_view text) {
    std::string out;
    while (true) {
      const size_t end = text.find('\n');
      out += fmt::format(
          "{:>8} | {}\n", NameOf(kind),
          Printable(text.substr(0, end)) + (end == text.npos ? "" : "↵"));
      if (end == text.npos || end + 1 == text.size()) return out;
      text.remove_prefix(end + 1);
    }
  }

  const RowContext& context_;
  const std::string& path_;
  const Styles style_ = Style(stdout);
  RawRowReader reader_;
  RawRow raw_;
  std::string refusal_;
};

}  // namespace

int ShowData(const ShowDataOptions& options) {
  const Target target = Target::Open(options.model);
  const RowContext context = options.data.Context(&target);
  if (!context.labeller) {
    throw Error::Usage(
        "rows are shown as a template writes them, and there is "
        "none")
        .In(target.path());
  }
  const std::string& path = options.data.files.front();
  JsonRows rows(path);
  const std::vector<JsonRow> chosen = Choose(&rows, options);
  Printer printer(context, path);
  if (options.json) {
    Json list = Json::array();
    for (const JsonRow& row : chosen) list.push_back(printer.ToJson(row));
    WriteJson({{"rows", std::move(list)}});
    return kGood;
  }
  printer.PrintLegend();
  for (const JsonRow& row : chosen) printer.Print(row);
  return kGood;
}

}  // namespace fullstop::cli
