// Every field of the sampling options changes what is drawn (R11).
#include <gtest/gtest.h>

#include <random>

#include "engine/stop_config.h"
#include "issues/fixture.h"
#include "model/table_model.h"

namespace fullstop {
namespace {

constexpr uint64_t kTokens = 120;

// A model whose every next token depends on the last one alone, with a few
// letters in the running and an end that is never far.
std::vector<TokenId> Draw(const FixtureModel& model, const Json& sampling,
                          uint64_t seed) {
  const size_t end = static_cast<size_t>(model.protocol().stops().stops[0].id);
  TableModel table(
      static_cast<int32_t>(model.size()), 4096,
      [&](std::span<const TokenId> ids) {
        std::mt19937_64 random(seed + static_cast<uint64_t>(ids.back()));
        std::vector<float> logits(model.size(), -20.0f);
        for (size_t letter = 'a'; letter <= 'j'; ++letter) {
          logits[letter] = static_cast<float>(random() % 1000) / 250;
        }
        logits[end] = -1;
        return logits;
      });
  GenerationOptions options;
  options.sampling = SamplingFrom(sampling);
  options.on_loop = OnLoop::kWarn;
  options.stops = StopConfigFor(model.protocol().facts(), false);
  options.stops.max_tokens = kTokens;
  CachedSequence sequence(table, 0);
  ReplyObserver observer;
  return GenerateReply(model.protocol(), sequence, {'a'}, options, observer)
      .ids;
}

Json Joined(Json a, const Json& b) {
  a.update(b);
  return a;
}

TEST(OptionsTest, EveryFieldOfTheOptionsReachesTheSampler) {
  for (const Json& fixture : ReadFixtures()) {
    if (!fixture.contains("fields")) continue;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      std::mt19937_64 random(seed);
      const FixtureModel model(Renamed(fixture, &random));
      for (const Json& field : fixture["fields"]) {
        const Json without =
            Joined({{"temp", 1.0}}, field.value("with", Json::object()));
        EXPECT_NE(Draw(model, Joined(without, field["set"]), seed),
                  Draw(model, without, seed))
            << field << " at seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace fullstop
