#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "doctor/ends.h"
#include "doctor/live.h"
#include "doctor/rule.h"
#include "doctor/severity_order.h"
#include "doctor/target.h"
#include "doctor/trial.h"
#include "measure/measurement_json.h"
#include "measure/statistics.h"
#include "measure/sweep.h"

namespace fullstop {
namespace {

// P(stop) at the end of a reply that the model would not have written itself
// is far below 1; a healthy model's is seldom below this.
constexpr double kLowStop = 0.02;
// Above it an end is told from the inside of a reply.
constexpr double kSeparates = 0.9;
// How often a row that knows nothing tells an end from an inside position.
constexpr double kChance = 0.5;
// Below it an end is no better told than by chance and a little.
constexpr double kMixes = 0.75;
// The logits of a row that says the same everywhere lie no further apart, in
// spreads of all tokens' logits.
constexpr double kStill = 0.01;
// A limit below it cuts what healthy models write, or think.
constexpr uint64_t kTellingLimit = 128;
constexpr uint64_t kTellingThought = 4096;
// A setting hurts where it leaves less than this of P(stop).
constexpr double kLeftByPenalty = 0.5;
// Beside another model: the odds of an end fall by this factor, or the text's
// ln p a byte by so much.
constexpr double kOddsLeft = 0.5;
constexpr double kTextLost = 0.1;

// From which share of own replies on a fault is the model's.
struct OwnFault {
  ReplyFault fault;
  std::string_view rule;
  double share;
  std::string_view message;
};

constexpr std::array kOwnFaults = {
    OwnFault{ReplyFault::kOverlong, "RUN006", 0.25,
             "had not ended at their limit"},
    OwnFault{ReplyFault::kLoop, "RUN007", 0.25, "repeat themselves"},
    OwnFault{ReplyFault::kAnotherTurn, "RUN008", 0.05,
             "go on as somebody else"},
    OwnFault{ReplyFault::kSpelledMarker, "RUN009", 0.05,
             "spell a control token in letters"},
    OwnFault{ReplyFault::kOpenThought, "RUN010", 0.25,
             "end in a thought that was not closed"},
    OwnFault{ReplyFault::kOtherScript, "RUN011", 0.05,
             "change to another script"},
    OwnFault{ReplyFault::kEmpty, "RUN012", 0.05, "say nothing"},
};

// Whether FAULT is the model's, and not that of a limit.
bool IsTold(ReplyFault fault, const OwnReply& reply, uint64_t limit) {
  if (!reply.faults.contains(fault)) return false;
  if (reply.end.cause != EndCause::kMaxTokens) return true;
  if (fault == ReplyFault::kOverlong) return limit >= kTellingLimit;
  return fault != ReplyFault::kOpenThought || limit >= kTellingThought;
}

std::string Declared(const Target& target, const Measurement& measurement) {
  std::string text;
  for (const TokenId id : measurement.watched.stops) {
    text += (text.empty() ? "" : ", ") + TokenName(target, id);
  }
  return text.empty() ? "no end, since none is declared" : text;
}

class Judge {
 public:
  Judge(const Target& target, const Measurement& measurement,
        const KnownSummary& summary, const Other* other)
      : target_(&target),
        measurement_(&measurement),
        summary_(&summary),
        other_(other) {}

  std::vector<Diagnosis> Findings() {
    JudgeKnown();
    for (const OwnFault& fault : kOwnFaults) JudgeOwn(fault);
    JudgeSampling();
    if (other_ != nullptr) JudgeComparison();
    return std::move(found_);
  }

 private:
  void Add(std::string_view rule, Severity severity, std::string message,
           std::vector<Exhibit> evidence, std::string repair) {
    found_.push_back({.rule = std::string(rule),
                      .severity = severity,
                      .certainty = Certainty::kLikely,
                      .message = std::move(message),
                      .evidence = std::move(evidence),
                      .repair = std::move(repair)});
  }

  std::vector<Exhibit> Figures() const {
    return {{"P(stop) at ends", Describe(summary_->p_stop_end)},
            {"P(stop) inside", Describe(summary_->p_stop_inside)},
            {"ends told from inside", Describe(summary_->separation)},
            {"ln p of the text, a token", Describe(summary_->logprob)}};
  }

  void JudgeKnown() {
    const size_t size = target_->vocabulary()->size();
    if (summary_->normal < kLeastNormal &&
        summary_->logprob.high < NormalLogprob(size)) {
      Add("RUN001", Severity::kWarning,
          "the model finds plain answers improbable, ends or not: its weights "
          "are damaged, or this is not the template that it was trained with",
          Figures(),
          "compare with the model that it was made from; look at what other "
          "dresses score");
      return;
    }
    if (summary_->p_stop_end.high < kLowStop) {
      JudgeLowStop();
    } else if (summary_->separation.high < kMixes) {
      Add("RUN005", Severity::kWarning,
          "an end is as probable inside of replies as behind them: replies "
          "are cut anywhere",
          Figures(), "train with ends behind whole replies alone");
    }
  }

  void JudgeLowStop() {
    std::vector<Exhibit> figures = Figures();
    if (!summary_->heirs.empty()) {
      const Heir& heir = summary_->heirs.front();
      figures.insert(figures.begin(),
                     {"P(" + TokenName(*target_, heir.id) + ") at ends, inside",
                      Describe(heir.at_end) + ", " + Describe(heir.inside)});
      Add("RUN002", Severity::kError,
          "where replies end the model writes " + TokenName(*target_, heir.id) +
              ", and the files declare " + Declared(*target_, *measurement_),
          std::move(figures),
          "declare it as an end; or the rows of the two tokens are exchanged");
      return;
    }
    if (summary_->next) {
      figures.insert(figures.begin(),
                     {"the most probable token at most ends",
                      TokenName(*target_, summary_->next->id) + ", " +
                          Describe(summary_->next->at_end)});
    }
    figures.push_back({"ends told by the logits of the row alone",
                       Describe(summary_->row_separation)});
    JudgeRow(std::move(figures));
  }

  // Where nothing takes the end's place, what is left is its row. One whose
  // logits never move is dead for sure; of one that neither P(stop) nor its
  // logits show to point elsewhere, both causes are named.
  void JudgeRow(std::vector<Exhibit> figures) {
    const std::string row =
        "the output row of " + Declared(*target_, *measurement_);
    const std::string anew =
        "take the row anew from the model that this one was made from";
    if (summary_->row_spread < kStill) {
      Add("RUN003", Severity::kError,
          "the text is normal, and " + row +
              " says the same everywhere: it is zero, or dead",
          std::move(figures), anew);
    } else if (summary_->separation.low >= kSeparates &&
               summary_->row_separation.low > kChance) {
      Add("RUN004", Severity::kError,
          "the model knows where replies end, and its end is too improbable "
          "to be drawn there: " +
              row + " points the right way and is too small, or hardly trained",
          std::move(figures), "train the row of the end, or " + anew);
    } else {
      const bool unsure = std::max(summary_->separation.high,
                                   summary_->row_separation.high) >= kSeparates;
      Add("RUN003", Severity::kError,
          "the text is normal, and nothing says where it ends: " + row +
              " was never trained, or belongs to another token" +
              (unsure ? "; or it is too small" : ""),
          std::move(figures), anew);
    }
  }

  void JudgeOwn(const OwnFault& fault) {
    const uint64_t limit = measurement_->plan.max_tokens;
    std::vector<const OwnReply*> replies;
    for (const OwnReply& reply : measurement_->own) {
      if (IsTold(fault.fault, reply, limit)) replies.push_back(&reply);
    }
    const Estimate share = Share(replies.size(), measurement_->own.size());
    if (share.low <= fault.share) return;
    const OwnReply& shown = *replies.front();
    Add(fault.rule, Severity::kWarning,
        std::to_string(replies.size()) + " of " +
            std::to_string(measurement_->own.size()) + " own replies " +
            std::string(fault.message),
        {{"share", Describe(share)}, {DescribeEnd(shown.end), shown.text}}, "");
  }

  // Settings of the model's own, by the rules of those who don't exempt ends.
  void JudgeSampling() {
    const auto point = [this](const std::string& group) {
      return std::ranges::find(measurement_->sweep, group, &SweepPoint::group);
    };
    const auto plain = point(std::string(kNothingSet));
    for (const std::string_view rule : {kAsLlamaCpp, kAsTransformers}) {
      const auto own = point(std::string(kOwnSettings) + std::string(rule));
      const bool measured = own != measurement_->sweep.end() &&
                            plain != measurement_->sweep.end();
      if (!measured ||
          own->p_stop.high >= kLeftByPenalty * plain->p_stop.value) {
        continue;
      }
      std::vector<Exhibit> evidence = {
          {"P(stop) at ends", Describe(own->p_stop)},
          {"with nothing set", Describe(plain->p_stop)}};
      if (!own->replies.empty() && !plain->replies.empty()) {
        evidence.push_back({"the share of replies that end",
                            Describe(ShareEnded(own->replies))});
        evidence.push_back(
            {"with nothing set", Describe(ShareEnded(plain->replies))});
      }
      Add("RUN013", Severity::kWarning,
          "the declared penalty makes ends improbable" + std::string(rule),
          std::move(evidence), "declare no penalty, or one of 1.1 at most");
    }
  }

  void JudgeComparison() {
    const Comparison beside = Compare(*measurement_, other_->measurement);
    const std::vector<Exhibit> evidence = {
        {"ln odds of P(stop), less the other's", Describe(beside.odds)},
        {"ln p of the text a byte, less the other's", Describe(beside.text)}};
    if (beside.text.high < -kTextLost) {
      Add("RUN015", Severity::kWarning,
          "the model finds plain answers less probable than " + other_->path +
              " does",
          evidence, "");
    }
    if (beside.odds.high < std::log(kOddsLeft)) {
      Add("RUN014", Severity::kWarning,
          "ends are less probable than in " + other_->path +
              ": the odds of a stop behind known replies are " +
              Describe(std::exp(beside.odds.value)) + " times as high",
          evidence, "");
    }
  }

  const Target* target_;
  const Measurement* measurement_;
  const KnownSummary* summary_;
  const Other* other_;
  std::vector<Diagnosis> found_;
};

constexpr std::array kRules = {
    Rule{"RUN001", "the text itself is improbable", Severity::kWarning,
         "Nonsense.",
         "Known replies are given to the model: it finds their words "
         "improbable, and what it says of their ends means nothing.",
         "Compare with the model that it was made from.",
         "Languages that the model has not learned; --prompts takes replies in "
         "its own.",
         "M25, E07", nullptr},
    Rule{"RUN002", "the model ends with another token", Severity::kError,
         "Replies run on, or print the marker.",
         "At the ends of known replies a special token that no file declares "
         "is a hundred times as probable as inside of them.",
         "Declare it; or the rows of two tokens are exchanged.",
         "An ordinary token in the end's place: RUN003.", "M01, M07, E11",
         nullptr},
    Rule{
        "RUN003", "the end's output row is dead", Severity::kError,
        "Replies never stop.",
        "The text of known replies is as probable as it should be, their ends "
        "are not, no other special token takes their place, and the row of the "
        "end says the same everywhere, or does not tell ends from the inside.",
        "Take the row anew, and train it.", "", "E13, E14", nullptr},
    Rule{"RUN004", "ends are known and too improbable", Severity::kError,
         "Replies run on.",
         "P(stop) is higher at ends than inside, and yet so low that no end is "
         "drawn: the row is too small, or hardly trained.",
         "Train it.", "", "E13", nullptr},
    Rule{"RUN005", "ends are probable anywhere", Severity::kWarning,
         "Replies are cut.",
         "P(stop) does not tell the ends of known replies from their inside.",
         "Train with ends behind whole replies alone.", "", "E05", nullptr},
    Rule{"RUN006", "own replies do not end", Severity::kWarning,
         "Replies run on.",
         "The model's own replies, by its own settings and greedy, reach their "
         "limit: more than a quarter, by the whole of Wilson's interval.",
         "See the causes above.", "Models whose replies are long.", "M01, M23",
         nullptr},
    Rule{"RUN007", "own replies loop", Severity::kWarning, "Repetition.",
         "More than a quarter of its own replies repeat themselves.", "",
         "Greedy replies of small models loop more.", "M23, E38", nullptr},
    Rule{"RUN008", "replies go on as somebody else", Severity::kWarning,
         "The model answers itself.",
         "A turn of somebody else follows within the reply.", "", "",
         "M01, M06", nullptr},
    Rule{"RUN009", "markers are spelled in letters", Severity::kWarning,
         "Markers in the text.",
         "The model writes the text of a control token in ordinary pieces: it "
         "was trained on data that was split so.",
         "Train with markers as tokens.", "", "M06, E08, E28", nullptr},
    Rule{"RUN010", "thoughts do not close", Severity::kWarning,
         "16,000 tokens of thought.", "Replies end within a thought.", "",
         "Thoughts that a limit below 4,096 tokens cuts: they are counted, and "
         "are no finding.",
         "M23", nullptr},
    Rule{"RUN011", "replies change their script", Severity::kWarning,
         "An answer in another language halfway.",
         "The second half of a reply is in a script that neither its first "
         "half nor its prompt has.",
         "", "Languages that share a script.", "M29", nullptr},
    Rule{"RUN012", "replies are empty", Severity::kWarning, "Nothing.",
         "The reply ends before it says something.", "", "", "M17, M25",
         nullptr},
    Rule{"RUN013", "declared settings make ends improbable", Severity::kWarning,
         "Replies run on.",
         "The declared repetition penalty, applied to ends too as llama.cpp "
         "and transformers do, leaves less than half of P(stop).",
         "Declare none, or one of 1.1 at most.",
         "Penalties that a caller sets.", "M29, M30: exllamav2#9", nullptr},
    Rule{"RUN014", "ends are less probable than in the model compared",
         Severity::kWarning, "Replies run on after training or quantisation.",
         "With --compare: behind the same known replies the odds of a stop are "
         "less than half of the other model's.",
         "Train with ends; keep the output head at more bits.", "", "E01, E11",
         nullptr},
    Rule{"RUN015", "the text is less probable than in the model compared",
         Severity::kWarning, "Worse answers after training or quantisation.",
         "With --compare: the same known replies have a lower ln p a byte, by "
         "more than 0.1.",
         "Quantise to more bits.", "", "", nullptr},
};

}  // namespace

std::span<const Rule> LiveRules() { return kRules; }

std::vector<TokenId> DeclaredIds(const Target& target) {
  std::vector<TokenId> ids;
  for (const Stop& stop : target.protocol().stops().stops) {
    if (IsDeclared(stop)) ids.push_back(stop.id);
  }
  return ids;
}

std::vector<TokenId> WrittenIds(const Target& target) {
  std::vector<TokenId> ids;
  for (const Stop& stop : target.protocol().stops().stops) {
    if (IsDeclared(stop) && DerivedFrom(stop) != nullptr) {
      ids.push_back(stop.id);
    }
  }
  return ids;
}

Report ExamineLive(const Target& target, const Measurement& measurement,
                   const Other* other, const RuleChoice& choice) {
  const KnownSummary summary = SumUp(measurement, target.vocabulary()->size());
  Report report{.path = target.path(),
                .kind = "live probe",
                .hash = target.protocol().hash(),
                .main = MainPlace(target)};
  report.live = MeasurementToJson(measurement, summary, *target.vocabulary());
  report.figures = PrintFigures(target, measurement, summary);
  if (other != nullptr) {
    report.figures += PrintComparison(measurement, summary, *other);
    report.live["compared"] =
        ComparisonToJson(Compare(measurement, other->measurement), other->path);
  }
  std::vector<Diagnosis> found =
      Judge(target, measurement, summary, other).Findings();
  std::erase_if(found, [&choice](const Diagnosis& each) {
    return !choice.Runs(*FindRule(each.rule));
  });
  report.diagnoses = BySeverity(found);
  return report;
}

}  // namespace fullstop
