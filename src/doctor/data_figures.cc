#include "doctor/data_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kBarColumns = 40;

double Percent(size_t part, size_t whole) {
  return whole == 0
             ? 0
             : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string_view UnitOf(const RowContext& context) {
  return context.labeller ? "ids" : "bytes";
}

std::string Bar(size_t rows, size_t most) {
  std::string bar;
  // A class that has a row shows.
  const size_t columns = (rows * kBarColumns + most - 1) / most;
  for (size_t i = 0; i < columns; ++i) bar += "▇";
  return bar;
}

}  // namespace

Json DataToJson(const RowCounts& counts, const RowContext& context,
                const std::vector<CutOff>& pileups) {
  Json classes = Json::array();
  for (const LengthClass& each : counts.lengths.Classes()) {
    classes.push_back({{"most", each.most}, {"rows", each.rows}});
  }
  Json cutoffs = Json::array();
  for (size_t i = 0; i < counts.cuts.size(); ++i) {
    cutoffs.push_back({{"ids", context.cutoffs[i]},
                       {"rows_cut", counts.cuts[i].rows},
                       {"ends_lost", counts.cuts[i].ends}});
  }
  Json piles = Json::array();
  for (const CutOff& each : pileups) {
    piles.push_back({{"from", each.from},
                     {"to", each.to},
                     {"answers", each.answers},
                     {"open", each.open}});
  }
  return {{"rows", counts.rows},
          {"turns", counts.turns},
          {"unit", UnitOf(context)},
          {"total", counts.units},
          {"written", counts.written},
          {"lengths",
           {{"median", counts.lengths.Quantile(0.5)},
            {"p95", counts.lengths.Quantile(0.95)},
            {"p99", counts.lengths.Quantile(0.99)},
            {"longest", counts.lengths.longest()},
            {"classes", std::move(classes)}}},
          {"cutoffs", std::move(cutoffs)},
          {"pileups", std::move(piles)}};
}

std::string PrintData(const RowCounts& counts, const RowContext& context,
                      const std::vector<CutOff>& pileups) {
  const std::vector<LengthClass> classes = counts.lengths.Classes();
  if (classes.empty()) return {};
  const std::string_view unit = UnitOf(context);
  std::string text = fmt::format("{} rows, {} {}", counts.rows, counts.units,
                                 context.labeller ? "ids" : "bytes of words");
  if (context.labeller) {
    text += fmt::format("; {} turns to write, {} ids ({:.0f} %)", counts.turns,
                        counts.written, Percent(counts.written, counts.units));
  }
  text += fmt::format(
      "\nlength in {}: half of the rows up to {}, 95 % up to {}, 99 % up to "
      "{}, the longest {}\n",
      unit, counts.lengths.Quantile(0.5), counts.lengths.Quantile(0.95),
      counts.lengths.Quantile(0.99), counts.lengths.longest());
  const size_t most = std::ranges::max(classes, {}, &LengthClass::rows).rows;
  for (const LengthClass& each : classes) {
    text += fmt::format("{:>12}  {:>9}  {}\n", fmt::format("≤ {}", each.most),
                        each.rows, Bar(each.rows, most));
  }
  for (size_t i = 0; i < counts.cuts.size(); ++i) {
    text += fmt::format(
        "cut at {}: {} rows ({:.1f} %), and {} turns lose their end ({:.1f} "
        "%)\n",
        context.cutoffs[i], counts.cuts[i].rows,
        Percent(counts.cuts[i].rows, counts.rows), counts.cuts[i].ends,
        Percent(counts.cuts[i].ends, counts.turns));
  }
  for (const CutOff& each : pileups) {
    text += fmt::format(
        "{} of {} answers of {} to {} pieces have no end, far more than of "
        "shorter ones\n",
        each.open, each.answers, each.from, each.to);
  }
  return text;
}

}  // namespace fullstop
