#include "cli/generation_arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <random>
#include <variant>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "engine/sampling_defaults.h"

namespace fullstop::cli {
namespace {

// One number of SamplingParams, settable by flag and by /set.
struct Field {
  const char* name;
  std::variant<float SamplingParams::*, int32_t SamplingParams::*> member;
  const char* help;
};

const std::vector<Field>& Fields() {
  static const std::vector<Field> kFields = {
      {"temp", &SamplingParams::temp, "temperature; 0 is greedy"},
      {"dynatemp-range", &SamplingParams::dynatemp_range,
       "half the range of the dynamic temperature"},
      {"dynatemp-exp", &SamplingParams::dynatemp_exponent,
       "exponent of the dynamic temperature"},
      {"top-k", &SamplingParams::top_k, "keep the K most probable; 0 is off"},
      {"top-p", &SamplingParams::top_p,
       "keep the most probable up to this sum; 1 is off"},
      {"min-p", &SamplingParams::min_p,
       "keep what has this share of the best's probability; 0 is off"},
      {"typical", &SamplingParams::typ_p, "locally typical sampling; 1 is off"},
      {"top-nsigma", &SamplingParams::top_n_sigma,
       "keep logits within this many deviations of the best; 0 is off"},
      {"xtc-probability", &SamplingParams::xtc_probability,
       "how often XTC acts; 0 is off"},
      {"xtc-threshold", &SamplingParams::xtc_threshold, "XTC's threshold"},
      {"min-keep", &SamplingParams::min_keep,
       "what the cutting samplers leave at least"},
      {"repeat-last-n", &SamplingParams::repeat_last_n,
       "window of the penalties; -1 is all"},
      {"repeat-penalty", &SamplingParams::repeat_penalty,
       "repetition penalty; 1 is off"},
      {"frequency-penalty", &SamplingParams::frequency_penalty,
       "penalty for each time a token stands in the window"},
      {"presence-penalty", &SamplingParams::presence_penalty,
       "penalty for a token in the window"},
      {"dry-multiplier", &SamplingParams::dry_multiplier, "DRY; 0 is off"},
      {"dry-base", &SamplingParams::dry_base, "DRY's base"},
      {"dry-allowed-length", &SamplingParams::dry_allowed_length,
       "repetition that DRY leaves alone"},
      {"dry-penalty-last-n", &SamplingParams::dry_penalty_last_n,
       "how far back DRY looks; -1 is all"},
      {"mirostat", &SamplingParams::mirostat, "1 or 2; 0 is off"},
      {"mirostat-ent", &SamplingParams::mirostat_ent,
       "mirostat's target surprise, in bits"},
      {"mirostat-lr", &SamplingParams::mirostat_lr, "mirostat's learning rate"},
  };
  return kFields;
}

template <typename T>
T ParseNumber(const std::string& name, const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || next != end) {
    throw Error::Usage(name + " takes a number, not '" + text + "'");
  }
  return value;
}

LogitBias ParseBias(const std::string& text) {
  const size_t sign = text.find_first_of("+-", 1);
  if (sign == std::string::npos) {
    throw Error::Usage("--logit-bias " + text + " is not ID+BIAS or ID-BIAS");
  }
  const bool negative = text[sign] == '-';
  const auto bias = ParseNumber<float>("--logit-bias", text.substr(sign + 1));
  return {ParseNumber<TokenId>("--logit-bias", text.substr(0, sign)),
          negative ? -bias : bias};
}

constexpr std::pair<const char*, OnLoop> kLoopActions[] = {
    {"warn", OnLoop::kWarn},
    {"stop", OnLoop::kStop},
    {"step-back", OnLoop::kStepBack}};

OnLoop ParseLoopAction(const std::string& name) {
  for (const auto& [known, action] : kLoopActions) {
    if (name == known) return action;
  }
  throw Error::Usage("on-loop is warn, stop or step-back, not '" + name + "'");
}

// Negative is without a limit.
std::optional<uint64_t> Limit(int64_t tokens) {
  if (tokens < 0) return std::nullopt;
  return static_cast<uint64_t>(tokens);
}

void SetSamplingField(const std::string& name, const std::string& value,
                      SamplingParams* params) {
  for (const Field& field : Fields()) {
    if (name != field.name) continue;
    SamplingParams changed = *params;
    std::visit(
        [&](auto member) {
          using T = std::decay_t<decltype(changed.*member)>;
          changed.*member = ParseNumber<T>(name, value);
        },
        field.member);
    ValidateSamplingParams(changed);
    *params = changed;
    return;
  }
  std::vector<std::string> names = {"predict", "seed", "on-loop"};
  for (const Field& field : Fields()) names.emplace_back(field.name);
  const std::string near = Nearest(name, names);
  throw Error::Usage("there is no setting named '" + name + "'")
      .Advice((near.empty() ? "" : "did you mean " + near + "? ") +
              fmt::format("settings: {}", fmt::join(names, ", ")));
}

}  // namespace

void SetOption(const std::string& name, const std::string& value,
               GenerationOptions* options) {
  if (name == "predict" || name == "n") {
    options->stops.max_tokens = Limit(ParseNumber<int64_t>(name, value));
  } else if (name == "seed") {
    options->sampling.seed = ParseNumber<uint64_t>(name, value);
  } else if (name == "on-loop") {
    options->on_loop = ParseLoopAction(value);
  } else {
    SetSamplingField(name, value, &options->sampling);
  }
}

std::string DescribeOptions(const GenerationOptions& options) {
  std::string out = DescribeSampling(options.sampling);
  if (options.stops.max_tokens) {
    out += fmt::format(", predict {}", *options.stops.max_tokens);
  }
  for (const auto& [name, action] : kLoopActions) {
    if (action == options.on_loop) out += fmt::format(", on-loop {}", name);
  }
  return out + fmt::format(", seed {}", options.sampling.seed);
}

std::string DescribeSampling(const SamplingParams& params) {
  const SamplingParams off = [] {
    SamplingParams p;
    p.temp = 1;
    p.top_p = 1;
    p.min_p = 0;
    return p;
  }();
  std::string out;
  for (const Field& field : Fields()) {
    std::visit(
        [&](auto member) {
          if (params.*member == off.*member) return;
          out += fmt::format("{}{} {}", out.empty() ? "" : ", ", field.name,
                             params.*member);
        },
        field.member);
  }
  return out.empty() ? "temp 1" : out;
}

void GenerationArguments::Add(CLI::App& command) {
  command
      .add_option("-n,--predict", max_tokens_,
                  "most tokens of a reply; left out or -1, as many as fit")
      ->type_name("N")
      ->check(AtLeast(-1));
  command
      .add_option("--min-tokens", min_tokens_,
                  "a stop before this many tokens does not count")
      ->type_name("N")
      ->check(AtLeast(0));
  command
      .add_option("--stop", stop_strings_,
                  "end the reply where its text has TEXT; may be given again")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  command.add_flag("--stop-in-thought", stop_in_thought_,
                   "look for --stop in thoughts too");
  command.add_flag("--strict", strict_,
                   "refuse a model whose files do not declare how its replies "
                   "end");
  command
      .add_option("--on-loop", on_loop_,
                  "what to do about a loop: warn, stop, or step-back (take the "
                  "repetition back and steer away)")
      ->type_name("WHAT")
      ->check(CLI::Validator(CLI::IsMember({"warn", "stop", "step-back"}))
                  .description(""));
  command
      .add_option("--seed", seed_,
                  "of the random numbers; left out or -1, a new one")
      ->type_name("N")
      ->check(AtLeast(-1));
  command
      .add_option("--reasoning", reasoning_,
                  "whether the model thinks first: on, off, or auto, which is "
                  "what the template does")
      ->type_name("WHAT")
      ->check(
          CLI::Validator(CLI::IsMember({"on", "off", "auto"})).description(""));
  command
      .add_option("--reasoning-budget", reasoning_budget_,
                  "most tokens of a thought; it is then closed, and the reply "
                  "goes on to the answer")
      ->type_name("N")
      ->check(AtLeast(0));
  AddSampling(command);
}

void GenerationArguments::TellEnds(const LoadedModel& model) const {
  std::string told;
  size_t more = 0;
  for (const Finding& finding : model.protocol().facts().findings) {
    const bool undeclared = finding.kind == FindingKind::kWrittenNotDeclared;
    if (!undeclared && finding.kind != FindingKind::kNoEnd &&
        finding.kind != FindingKind::kTextStop &&
        finding.kind != FindingKind::kSuppressed) {
      continue;
    }
    if (!told.empty()) {
      ++more;
    } else {
      told = finding.message;
      if (undeclared && !strict_) told += ": it ends replies here all the same";
    }
  }
  if (told.empty()) return;
  if (more > 0) told += ", and " + std::to_string(more) + " more";
  if (strict_) {
    throw Error::Usage(told)
        .In(model.path())
        .Advice(
            "fullstop doctor MODEL --fix OUT repairs it; without --strict "
            "the model is used as it is");
  }
  Remark("error: " + told + " (fullstop doctor MODEL says more)");
}

void GenerationArguments::ApplyReasoning(const ProtocolFacts& facts,
                                         RenderRequest* request) const {
  const std::string& name = facts.reasoning.switch_name;
  if (reasoning_ == "auto" || name.empty() ||
      request->variables.contains(name)) {
    return;
  }
  request->variables[name] = (reasoning_ == "on") == facts.reasoning.switch_on;
}

void GenerationArguments::AddSampling(CLI::App& command) {
  const std::string group = "Sampling";
  for (const Field& field : Fields()) {
    const std::string name = field.name;
    command
        .add_option_function<std::string>(
            "--" + name,
            [this, name](const std::string& value) {
              setters_.push_back([name, value](SamplingParams& params) {
                SetSamplingField(name, value, &params);
              });
            },
            field.help)
        ->type_name("N")
        ->group(group);
  }
  AddChain(command, group);
}

void GenerationArguments::AddChain(CLI::App& command,
                                   const std::string& group) {
  command
      .add_option_function<std::string>(
          "--samplers",
          [this](const std::string& order) {
            setters_.push_back([order](SamplingParams& params) {
              params.samplers = ParseSamplerOrder(order);
            });
          },
          "the chain's order, with ; between: penalties, dry, top_n_sigma, "
          "top_k, typ_p, top_p, min_p, xtc, temperature")
      ->type_name("LIST")
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "--dry-sequence-breaker",
          [this](const std::vector<std::string>& breakers) {
            setters_.push_back([breakers](SamplingParams& params) {
              params.dry_sequence_breakers = breakers;
            });
          },
          "a text over which DRY's repetitions don't reach")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "-l,--logit-bias",
          [this](const std::vector<std::string>& biases) {
            for (const std::string& text : biases) {
              const LogitBias bias = ParseBias(text);
              setters_.push_back([bias](SamplingParams& params) {
                params.logit_bias.push_back(bias);
              });
            }
          },
          "add to a token's logit: ID+BIAS or ID-BIAS")
      ->type_name("ID±BIAS")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_flag_callback(
          "--ignore-eos",
          [this] {
            setters_.push_back(
                [](SamplingParams& params) { params.ignore_eos = true; });
          },
          "never draw a stop id; the trace says so")
      ->group(group);
}

GenerationOptions GenerationArguments::Options(const LoadedModel& model) const {
  GenerationOptions options;
  for (const std::string& remark : ApplySamplingDefaults(
           model.protocol().facts().sampling, &options.sampling)) {
    Remark(remark);
  }
  for (const Setter& set : setters_) set(options.sampling);
  ValidateSamplingParams(options.sampling);
  for (const SamplerStage stage : UnusedSamplers(options.sampling)) {
    Remark(fmt::format("{} does not act: it is not in the chain",
                       SamplerStageName(stage)));
  }
  if (options.sampling.ignore_eos) {
    Remark("--ignore-eos: no stop id can be drawn; only a limit ends a reply");
  }
  options.sampling.seed = seed_ && *seed_ >= 0 ? static_cast<uint64_t>(*seed_)
                                               : std::random_device()();
  options.reasoning_budget = reasoning_budget_;
  const ReasoningMarkers& reasoning = model.protocol().facts().reasoning;
  if (!reasoning.closing && (reasoning_ != "auto" || reasoning_budget_)) {
    Remark(
        "the template marks no thoughts: --reasoning and "
        "--reasoning-budget change nothing");
  }
  options.open_thought = reasoning_ == "on";
  if (reasoning_ == "off") options.reasoning_budget = 0;
  options.suppress = model.suppressed();
  options.stops.stop_strings = stop_strings_;
  options.stops.strings_in_thought = stop_in_thought_;
  options.stops.min_tokens = min_tokens_;
  if (max_tokens_) options.stops.max_tokens = Limit(*max_tokens_);
  options.on_loop = ParseLoopAction(on_loop_);
  return options;
}

}  // namespace fullstop::cli
