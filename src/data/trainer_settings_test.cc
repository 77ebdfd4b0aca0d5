#include "data/trainer_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

using ::testing::HasSubstr;

class TrainerSettingsTest : public ::testing::Test {
 protected:
  TrainerSettings Read(const std::string& text) {
    WriteFileAtomically(path_, text);
    return TrainerSettings::Read(path_);
  }

  std::string Refusal(const std::string& text) {
    try {
      Read(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "was read";
  }

 private:
  TestFolder folder_;
  std::string path_ = folder_.File("recipe.yaml");
};

TEST_F(TrainerSettingsTest, SettingsAreRead) {
  const TrainerSettings settings = Read(
      "### model\nmodel_name_or_path: Qwen\nstage: sft\ntemplate: qwen\n"
      "cutoff_len: 1024\nmask_history: true\nneat_packing: true\n");
  EXPECT_EQ(settings.template_name, "qwen");
  // An id is kept for padding.
  EXPECT_EQ(settings.cutoff, 1023U);
  EXPECT_TRUE(settings.mask_history);
  EXPECT_TRUE(settings.packing);
  EXPECT_FALSE(settings.train_on_prompt);
}

TEST_F(TrainerSettingsTest, WhatIsLeftOutIsTheTrainersDefault) {
  const TrainerSettings settings = Read("{\"packing\": null}");
  EXPECT_EQ(settings.cutoff, 2048U);
  EXPECT_FALSE(settings.packing);
}

TEST_F(TrainerSettingsTest, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_THAT(Refusal("a: b\ncutoff_len: many\n"),
              HasSubstr("line 2, column 13: cutoff_len is to be a number"));
  EXPECT_THAT(Refusal("cutoff_len: -1\n"), HasSubstr("a number of ids"));
  EXPECT_THAT(Refusal("cutoff_len: 0\n"), HasSubstr("a number of ids"));
  EXPECT_THAT(Refusal("mask_history: 7\n"), HasSubstr("true or false"));
  EXPECT_THAT(Refusal("mask_history: true\ntrain_on_prompt: true\n"),
              HasSubstr("contradict"));
  EXPECT_THAT(Refusal("a: [b\n"), HasSubstr("it is no YAML"));
  EXPECT_THAT(Refusal("- a\n"), HasSubstr("it is no recipe"));
  EXPECT_THAT(Refusal("stage: dpo\n"), HasSubstr("stage dpo"));
  EXPECT_THAT(Refusal("cutoff_len: 9\ncutoff_len: 8\n"),
              HasSubstr("line 2, column 1: cutoff_len stands there twice"));
  EXPECT_THAT(Refusal("template: glm4\ntrain_on_prompt: true\n"),
              HasSubstr("glm4 has no train_on_prompt"));
  EXPECT_THAT(Refusal("cutoff_len: [9]\n"), HasSubstr("a number of ids"));
  EXPECT_THAT(Refusal("packing: true\ncutoff_len: 1\n"),
              HasSubstr("a number of ids"));
}

TEST_F(TrainerSettingsTest, AliasesStandForSingleValues) {
  EXPECT_EQ(Read("most: &n 64\ncutoff_len: *n\n").cutoff, 64U);
  EXPECT_EQ(Read("deep: {n: &n 64}\ncutoff_len: *n\n").cutoff, 64U);
  EXPECT_THAT(Refusal("all: &a [1]\ncutoff_len: *a\n"),
              HasSubstr("line 2, column 13: cutoff_len is to be a number"));
  EXPECT_THAT(Refusal("cutoff_len: *n\n"), HasSubstr("it is no YAML"));
}

TEST_F(TrainerSettingsTest, KeysWithinOthersAreNoSettings) {
  EXPECT_EQ(Read("a: {cutoff_len: 5, [x]: 4}\n[b]: 1\ncutoff_len: 6\n").cutoff,
            6U);
}

TEST_F(TrainerSettingsTest, BombsAreRefused) {
  EXPECT_THAT(Refusal(std::string(100'000, '[')),
              HasSubstr("it is nested deeper than 64 levels"));
  std::string deep;
  for (size_t i = 0; i < 1000; ++i) deep += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(Refusal(deep), HasSubstr("nested deeper than 64 levels"));
  // Each list holds the one before ten times: 10^30 values.
  std::string bomb = "l0: &l0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*l" + std::to_string(i - 1);
    bomb +=
        "l" + std::to_string(i) + ": &l" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_THAT(Refusal(bomb), HasSubstr("there are more than 256 aliases"));
  EXPECT_EQ(Read("a: &a [*a, *a]\ncutoff_len: 7\n").cutoff, 7U);
}

}  // namespace
}  // namespace fullstop
