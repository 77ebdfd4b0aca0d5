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
  EXPECT_EQ(settings.cutoff, 1024U);
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
  EXPECT_THAT(Refusal(std::string(100'000, '[')), HasSubstr("it is no YAML"));
}

}  // namespace
}  // namespace fullstop
