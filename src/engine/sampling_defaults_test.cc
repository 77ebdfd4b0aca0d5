#include "engine/sampling_defaults.h"

#include <gtest/gtest.h>

namespace fullstop {
namespace {

SamplingDefault Declared(const char* name, nlohmann::ordered_json value) {
  return {name, std::move(value), {Provenance::kGguf, name}};
}

TEST(SamplingDefaultsTest, DeclaredValuesReplaceOursAndOthersStay) {
  SamplingParams params;
  EXPECT_TRUE(
      ApplySamplingDefaults({Declared("temp", 0.6), Declared("top_k", 20),
                             Declared("penalty_repeat", 1.05)},
                            &params)
          .empty());
  EXPECT_FLOAT_EQ(params.temp, 0.6f);
  EXPECT_EQ(params.top_k, 20);
  EXPECT_FLOAT_EQ(params.repeat_penalty, 1.05f);
  EXPECT_FLOAT_EQ(params.min_p, 0.05f);
}

TEST(SamplingDefaultsTest, UnusableDeclarationsAreNamedAndChangeNothing) {
  SamplingParams params;
  const SamplingParams before = params;
  EXPECT_EQ(
      ApplySamplingDefaults({Declared("temp", "hot"), Declared("top_p", 7.0),
                             Declared("sequence", "kz"), Declared("luck", 1)},
                            &params)
          .size(),
      4u);
  EXPECT_EQ(params.temp, before.temp);
  EXPECT_EQ(params.top_p, before.top_p);
  EXPECT_EQ(params.samplers, before.samplers);
}

TEST(SamplingDefaultsTest, SequenceOfLettersSetsTheOrder) {
  SamplingParams params;
  EXPECT_TRUE(
      ApplySamplingDefaults({Declared("sequence", "tkp")}, &params).empty());
  EXPECT_EQ(params.samplers, (std::vector<SamplerStage>{
                                 SamplerStage::kTemperature,
                                 SamplerStage::kTopK, SamplerStage::kTopP}));
}

}  // namespace
}  // namespace fullstop
