#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/printable.h"
#include "doctor/live.h"
#include "measure/statistics.h"

namespace fullstop {
namespace {

constexpr size_t kLabelWidth = 17;

std::string Line(std::string_view label, const std::string& text) {
  std::string line(label);
  line.resize(std::max(kLabelWidth, line.size() + 1), ' ');
  return line + text + "\n";
}

std::string Counted(size_t count, size_t total, const Estimate& share) {
  return std::to_string(count) + " of " + std::to_string(total) + " (" +
         Describe(share.low) + " to " + Describe(share.high) + ")";
}

std::string Ended(const std::vector<OwnReply>& replies) {
  return Counted(CountEnded(replies), replies.size(), ShareEnded(replies));
}

class Printer {
 public:
  Printer(const Target& target, const Measurement& measurement,
          const KnownSummary& summary)
      : target_(&target), measurement_(&measurement), summary_(&summary) {}

  std::string Whole() {
    Known();
    Own();
    Dresses();
    Sweep();
    for (const std::string& each : measurement_->plan.left_out) {
      text_ += Line("left out", each);
    }
    return std::move(text_);
  }

 private:
  void Known() {
    const size_t all = measurement_->known.size();
    text_ +=
        Line("known replies", std::to_string(all) + ", " +
                                  std::to_string(summary_->normal) +
                                  " of them of normal text: ln p a token " +
                                  Describe(summary_->logprob));
    if (measurement_->refused > 0) {
      text_ += Line("", std::to_string(measurement_->refused) +
                            " more that the template refuses, or that are too "
                            "long for the context");
    }
    text_ +=
        Line("P(stop)", Describe(summary_->p_stop_end) + " at ends, " +
                            Describe(summary_->p_stop_inside.value) +
                            " inside; rank " + Describe(summary_->stop_rank));
    text_ += Line("ends from inside",
                  "told in " + Describe(summary_->separation) +
                      " of pairs; by the logits of the end's row alone in " +
                      Describe(summary_->row_separation));
    for (const Heir& heir : summary_->heirs) {
      text_ += Line("instead", Printable(TokenName(*target_, heir.id)) + " " +
                                   Describe(heir.at_end) + " at ends, " +
                                   Describe(heir.inside) + " inside");
    }
    if (summary_->next) {
      text_ += Line("mostly next",
                    Printable(TokenName(*target_, summary_->next->id)) + " " +
                        Describe(summary_->next->at_end));
    }
  }

  void Own() {
    const std::vector<OwnReply>& replies = measurement_->own;
    if (replies.empty()) return;
    std::string by;
    for (const auto& [cause, count] : CountCauses(replies)) {
      by += (by.empty() ? "" : ", ") + std::string(EndCauseName(cause)) + " " +
            std::to_string(count);
    }
    text_ += Line("own replies", Ended(replies) + " end: " + by);
    for (const FaultShare& each : CountFaults(replies)) {
      if (each.count == 0) continue;
      text_ += Line("", std::string(ReplyFaultName(each.fault)) + " " +
                            Counted(each.count, replies.size(), each.share));
    }
  }

  void Dresses() {
    for (const DressScore& each : measurement_->dresses) {
      text_ += Line(&each == measurement_->dresses.data() ? "dresses" : "",
                    each.name + ": ln p " + Describe(each.logprob.value) +
                        " a token, P(stop) " + Describe(each.p_stop));
    }
  }

  void Sweep() {
    const std::vector<SweepPoint>& points = measurement_->sweep;
    for (auto point = points.begin(); point != points.end();) {
      const std::string_view label =
          point == points.begin() ? "P(stop) set by" : "";
      const auto end = std::ranges::find_if(point, points.end(),
                                            [point](const SweepPoint& each) {
                                              return each.group != point->group;
                                            });
      text_ += Line(label, SweepGroup({point, end}));
      point = end;
    }
    const bool drawn = std::ranges::any_of(
        points, [](const SweepPoint& each) { return !each.replies.empty(); });
    if (drawn) Drawn();
  }

  // One thing that is set, and its values.
  static std::string SweepGroup(std::span<const SweepPoint> points) {
    std::string values;
    for (const SweepPoint& point : points) {
      values += (values.empty() ? " " : ", ") +
                (point.value.empty() ? "" : point.value + " → ") +
                Describe(point.p_stop.value);
    }
    return points.front().group + ":" + values;
  }

  void Drawn() {
    std::string_view label = "replies set by";
    for (const SweepPoint& point : measurement_->sweep) {
      if (point.replies.empty()) continue;
      text_ += Line(label, point.Name() + ": " + Ended(point.replies) +
                               " end; P(stop) in one step " +
                               Describe(point.p_stop.value));
      label = "";
    }
  }

  const Target* target_;
  const Measurement* measurement_;
  const KnownSummary* summary_;
  std::string text_;
};

}  // namespace

std::string PrintFigures(const Target& target, const Measurement& measurement,
                         const KnownSummary& summary) {
  return Printer(target, measurement, summary).Whole();
}

std::string PrintComparison(const Measurement& measurement,
                            const KnownSummary& summary, const Other& other) {
  const KnownSummary theirs = SumUp(other.measurement, other.vocabulary_size);
  const Comparison beside = Compare(measurement, other.measurement);
  const auto pair = [](const Estimate& here, const Estimate& there) {
    return Describe(here.value) + ", there " + Describe(there.value);
  };
  std::string text = Line("beside", Printable(other.path));
  text += Line("  P(stop) at ends",
               pair(summary.p_stop_end, theirs.p_stop_end) +
                   "; ln odds differ by " + Describe(beside.odds));
  text += Line("  agreement",
               Counted(beside.agreed, beside.replies, beside.agreement) +
                   " ends on the same side of one half");
  text += Line("  ends told", pair(summary.separation, theirs.separation));
  text += Line("  text", "ln p a byte differs by " + Describe(beside.text));
  if (!measurement.own.empty()) {
    text += Line("  own replies end", pair(ShareEnded(measurement.own),
                                           ShareEnded(other.measurement.own)));
  }
  return text;
}

}  // namespace fullstop
