#include "generate/sampler_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "generate/fast_exp.h"
#include "generate/random.h"

namespace fullstop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void SortUnique(std::vector<TokenId>* ids) {
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
}

void CheckIds(std::span<const TokenId> ids, size_t vocabulary_size,
              std::string_view what) {
  for (const TokenId id : ids) {
    if (id >= 0 && static_cast<size_t>(id) < vocabulary_size) continue;
    throw Error::Usage(fmt::format("{} names token {}, the vocabulary has {}",
                                   what, id, vocabulary_size))
        .Advice("name ids from 0 to one less than the vocabulary's size");
  }
}

// The first index up to which WEIGHTS sum to more than SHARE; the last one
// where rounding leaves none. Whole blocks are passed over quickly.
size_t IndexOfShare(std::span<const float> weights, double share) {
  constexpr size_t kBlock = 1024;
  double sum = 0.0;
  size_t i = 0;
  for (; i + kBlock < weights.size(); i += kBlock) {
    const double block = SumInDouble(weights.subspan(i, kBlock));
    if (sum + block > share) break;
    sum += block;
  }
  for (; i + 1 < weights.size(); ++i) {
    sum += weights[i];
    if (sum > share) break;
  }
  return i;
}

}  // namespace

struct SamplerChain::Setup {
  SamplingParams params;
  // stop_ids and suppress ascend.
  SamplerVocabulary vocabulary;
  std::vector<std::unique_ptr<Sampler>> samplers;
};

// One call of Sample.
class SamplerChain::Draw {
 public:
  Draw(const SamplerChain& chain, const SampleOptions& options,
       Candidates* candidates)
      : setup_(*chain.setup_),
        constraint_(chain.constraint_.get()),
        options_(options),
        candidates_(*candidates),
        context_{.history = chain.history_,
                 .stop_ids = setup_.vocabulary.stop_ids,
                 .seed = setup_.params.seed,
                 .position = options.position,
                 .mirostat_mu = chain.mirostat_mu()} {}

  SampleRecord Run(std::span<const float> logits) {
    const LogitSummary raw = candidates_.Reset(logits);
    record_.p_stop = ProbabilityOfSet(logits, raw, context_.stop_ids);
    record_.entropy = raw.entropy;
    for (const LogitEntry& entry : candidates_.Top(options_.top)) {
      record_.top.push_back(
          {entry.id, entry.logit, entry.logit - raw.log_sum_exp});
    }
    for (const TokenId id : context_.stop_ids) {
      if (candidates_.Find(id).has_value()) stops_.push_back(id);
    }
    Exclude();
    for (const auto& sampler : setup_.samplers) {
      sampler->Apply(context_, &candidates_);
      Finish(sampler->stage());
    }
    Pick();
    record_.logprob = LogProbability(logits, raw, record_.id);
    return std::move(record_);
  }

 private:
  // The stages before the chain.
  void Exclude() {
    if (!setup_.params.logit_bias.empty()) ApplyBias();
    if (!setup_.vocabulary.suppress.empty()) {
      Forbid(setup_.vocabulary.suppress, SamplerStage::kSuppress);
    }
    if (setup_.params.ignore_eos) {
      Forbid(context_.stop_ids, SamplerStage::kIgnoreEos);
    }
    if (constraint_ != nullptr) ApplyConstraint();
    if (!options_.banned.empty()) Forbid(options_.banned, SamplerStage::kBan);
  }

  void ApplyBias() {
    for (const LogitBias& bias : setup_.params.logit_bias) {
      const std::optional<size_t> i = candidates_.Find(bias.id);
      if (!i.has_value()) continue;
      candidates_.Set(*i, candidates_.logit(*i) + bias.bias);
      if (bias.bias < 0.0f && bias.bias > -kInfinity &&
          context_.IsStop(bias.id)) {
        record_.stop_losses.push_back(
            {bias.id, SamplerStage::kLogitBias, false});
      }
    }
    Finish(SamplerStage::kLogitBias);
  }

  void Forbid(std::span<const TokenId> ids, SamplerStage stage) {
    for (const TokenId id : ids) {
      const std::optional<size_t> i = candidates_.Find(id);
      if (i.has_value()) candidates_.Set(*i, -kInfinity);
    }
    Finish(stage);
  }

  void ApplyConstraint() {
    std::vector<uint64_t> allowed((setup_.vocabulary.size + 63) / 64, 0);
    constraint_->FillMask(allowed);
    const bool may_end = constraint_->MayEnd();
    for (const TokenId id : context_.stop_ids) {
      const uint64_t bit = uint64_t{1} << (id % 64);
      uint64_t& word = allowed[static_cast<size_t>(id) / 64];
      word = may_end ? word | bit : word & ~bit;
    }
    candidates_.Keep([&](size_t i) {
      const auto id = static_cast<size_t>(candidates_.id(i));
      return (allowed[id / 64] >> (id % 64) & 1) != 0;
    });
    Finish(SamplerStage::kConstraint);
  }

  void Finish(SamplerStage stage) {
    candidates_.DropImpossible();
    record_.stages.push_back(
        {stage, candidates_.TakeChanged(), candidates_.size()});
    std::erase_if(stops_, [&](TokenId id) {
      if (candidates_.Find(id).has_value()) return false;
      record_.stop_losses.push_back({id, stage, true});
      return true;
    });
    if (candidates_.size() == 0) {
      throw Error::Usage(fmt::format("{} leaves no token to draw from",
                                     SamplerStageName(stage)))
          .Advice("loosen what excludes tokens");
    }
  }

  void Pick() {
    const float max = candidates_.summary().max;
    if (setup_.params.temp == 0.0f || candidates_.size() == 1) {
      record_.id =
          candidates_.id(static_cast<size_t>(candidates_.summary().argmax));
      return;
    }
    const std::span<const float> logits = candidates_.logits();
    std::vector<float> weights(logits.size());
    for (size_t i = 0; i < logits.size(); ++i) {
      weights[i] = ExpNonPositive(logits[i] - max);
    }
    const double total = SumInDouble(weights);
    const size_t i = IndexOfShare(
        weights,
        total * UniformAt(context_.seed, context_.position, RandomUse::kToken));
    record_.id = candidates_.id(i);
    record_.drawn_with = weights[i] / total;
  }

  const Setup& setup_;
  const Constraint* constraint_;
  const SampleOptions& options_;
  Candidates& candidates_;
  DrawContext context_;
  // Stop ids that can still be drawn.
  std::vector<TokenId> stops_;
  SampleRecord record_;
};

SamplerChain::SamplerChain(const SamplingParams& params,
                           SamplerVocabulary vocabulary,
                           std::unique_ptr<Constraint> constraint)
    : constraint_(std::move(constraint)) {
  ValidateSamplingParams(params);
  for (const LogitBias& bias : params.logit_bias) {
    CheckIds({&bias.id, 1}, vocabulary.size, "--logit-bias");
  }
  CheckIds(vocabulary.stop_ids, vocabulary.size, "the stop set");
  CheckIds(vocabulary.suppress, vocabulary.size,
           "the list of tokens to suppress");
  SortUnique(&vocabulary.stop_ids);
  SortUnique(&vocabulary.suppress);

  auto setup = std::make_shared<Setup>();
  setup->params = params;
  setup->vocabulary = std::move(vocabulary);
  for (const SamplerStage stage : EffectiveChain(params)) {
    setup->samplers.push_back(
        MakeSampler(stage, setup->params, setup->vocabulary));
  }
  setup_ = std::move(setup);
}

SamplerChain::SamplerChain(const SamplerChain& other)
    : setup_(other.setup_),
      constraint_(other.constraint_ == nullptr ? nullptr
                                               : other.constraint_->Clone()),
      history_(other.history_),
      primed_(other.primed_),
      mus_(other.mus_),
      drawn_(other.drawn_) {}

SamplerChain& SamplerChain::operator=(const SamplerChain& other) {
  return *this = SamplerChain(other);
}

SamplerChain::SamplerChain(SamplerChain&&) noexcept = default;
SamplerChain& SamplerChain::operator=(SamplerChain&&) noexcept = default;
SamplerChain::~SamplerChain() = default;

const SamplingParams& SamplerChain::params() const { return setup_->params; }

void SamplerChain::Prime(std::span<const TokenId> prompt) {
  history_.insert(history_.end(), prompt.begin(), prompt.end());
  primed_ = history_.size();
}

SampleRecord SamplerChain::Sample(std::span<const float> logits,
                                  const SampleOptions& options) {
  if (logits.size() != setup_->vocabulary.size) {
    throw Error::Format(fmt::format("there are {} logits for {} tokens",
                                    logits.size(), setup_->vocabulary.size))
        .Advice("the model's output and its vocabulary don't fit together");
  }
  SampleRecord record = Draw(*this, options, &candidates_).Run(logits);
  drawn_ = Drawn{record.id, -std::log2(record.drawn_with)};
  return record;
}

void SamplerChain::Accept(TokenId id) {
  if (setup_->params.mirostat != 0) {
    double mu = mirostat_mu();
    if (drawn_.has_value() && drawn_->id == id) {
      mu -= setup_->params.mirostat_lr *
            (drawn_->surprise - setup_->params.mirostat_ent);
    }
    mus_.push_back(mu);
  }
  history_.push_back(id);
  if (constraint_ != nullptr) constraint_->Accept(id);
  drawn_.reset();
}

void SamplerChain::Rollback(size_t n) {
  history_.resize(history_.size() - n);
  if (!mus_.empty()) mus_.resize(mus_.size() - n);
  if (constraint_ != nullptr) constraint_->Rollback(n);
  drawn_.reset();
}

bool SamplerChain::SameState(const SamplerChain& other) const {
  return history_ == other.history_ && primed_ == other.primed_ &&
         mus_ == other.mus_ && drawn_ == other.drawn_;
}

double SamplerChain::mirostat_mu() const {
  return mus_.empty() ? 2.0 * setup_->params.mirostat_ent : mus_.back();
}

}  // namespace fullstop
