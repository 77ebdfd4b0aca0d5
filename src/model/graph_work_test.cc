#include "model/graph_work.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

#include "format/gguf.h"
#include "format/quant_blocks.h"
#include "model/graph_test_model.h"

namespace fullstop {
namespace {

TokenWork WorkOf(TestGraph& test) {
  const std::string bytes = test.Finish();
  return WorkOfToken(
      test.graph(),
      GgufFile::Parse(std::as_bytes(std::span(bytes)), "test.gguf"));
}

constexpr double kHead = kTestWidth * kTestVocabulary;  // F32

TEST(WorkOfTokenTest, TheHeadIsReadAndTheEmbeddingsTableIsNot) {
  TestGraph test;
  const TokenWork work = WorkOf(test);
  EXPECT_EQ(work.weight_bytes, 4 * kHead);
  EXPECT_EQ(work.head_operations, 2 * kHead);
  EXPECT_EQ(work.layer_operations, 0);
}

TEST(WorkOfTokenTest, OfAMatrixTheRowsThatAreMultipliedCount) {
  TestGraph test;
  const TensorId weight = test.Packed("w", {kTestWidth, 40}, TensorType::kQ8_0);
  const ValueId out = test.Value("out", 24);
  test.Add(LinearStep{
      test.x(), {{.weight = weight, .bias = {}, .out = out, .first = 16}}});
  const TokenWork work = WorkOf(test);
  EXPECT_EQ(work.weight_bytes, 4 * kHead + 24 * sizeof(BlockQ8_0));
  EXPECT_EQ(work.layer_operations, 2 * 24 * kTestWidth);
}

TEST(WorkOfTokenTest, OfAMixtureTheChosenExpertsCount) {
  TestGraph test;
  constexpr uint64_t kHidden = 64;
  constexpr uint64_t kExperts = 8;
  RouteStep route = {};
  route.chosen = 3;
  route.logits = test.Project("router", test.x(), kExperts);
  route.out = test.Value("routes", 2 * route.chosen);
  test.Add(route);
  const TensorType type = TensorType::kQ8_0;
  test.Add(ExpertsStep{
      .in = test.x(),
      .routes = route.out,
      .out = test.Value("mixed", kTestWidth),
      .gate = {test.Packed("gate", {kTestWidth, kHidden, kExperts}, type)},
      .up =
          ExpertPart{test.Packed("up", {kTestWidth, kHidden, kExperts}, type)},
      .down = {test.Packed("down", {kHidden, kTestWidth, kExperts}, type)},
      .activation = Activation::kSilu});
  const TokenWork work = WorkOf(test);
  constexpr double kExpert = 3 * kTestWidth * kHidden;
  constexpr double kRouter = kTestWidth * kExperts;
  EXPECT_EQ(work.layer_operations, 2 * (3 * kExpert + kRouter));
  EXPECT_EQ(work.weight_bytes,
            4 * kHead + 4 * kRouter + 3 * kExpert / 32 * sizeof(BlockQ8_0));
}

}  // namespace
}  // namespace fullstop
