#include "kernels/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "kernels/cpu_features.h"

namespace fullstop::kernels {
namespace {

using testing::HasSubstr;

CpuFeatures WithEverything() {
  CpuFeatures all;
  all.avx2 = all.fma = all.f16c = true;
  all.avx512f = all.avx512bw = all.avx512dq = all.avx512vl = true;
  all.avx512vnni = all.avx512bf16 = true;
  all.amx_tile = all.amx_bf16 = all.tiles_granted = true;
  return all;
}

TEST(CpuPathTest, NamesParseBack) {
  for (const CpuPath path :
       {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAmx}) {
    EXPECT_EQ(ParseCpuPath(CpuPathName(path)), path);
  }
}

TEST(CpuPathTest, AnUnknownNameIsAnErrorThatListsTheNames) {
  try {
    ParseCpuPath("AVX3");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("\"AVX3\""));
    EXPECT_THAT(error.what(), HasSubstr("reference, avx2, avx512, amx"));
  }
}

TEST(MissingFeaturesTest, TheReferenceNeedsNone) {
  EXPECT_EQ(MissingFeatures(CpuPath::kReference, CpuFeatures()), "");
}

TEST(MissingFeaturesTest, AllThatLackAreNamed) {
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx2, CpuFeatures()), "AVX2, FMA, F16C");
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx512, WithEverything()), "");
  CpuFeatures skylake = WithEverything();
  skylake.avx512vnni = false;
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx512, skylake), "AVX512_VNNI");
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx2, skylake), "");
  CpuFeatures no_fma = WithEverything();
  no_fma.fma = false;
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx512, no_fma), "FMA");
}

TEST(MissingFeaturesTest, TilesNeedTheirCpuAndTheSystemsLeave) {
  EXPECT_EQ(MissingFeatures(CpuPath::kAmx, WithEverything()), "");
  CpuFeatures ice_lake = WithEverything();
  ice_lake.avx512bf16 = ice_lake.amx_tile = ice_lake.amx_bf16 = false;
  ice_lake.tiles_granted = false;
  EXPECT_THAT(MissingFeatures(CpuPath::kAmx, ice_lake),
              HasSubstr("AVX512_BF16, AMX_TILE, AMX_BF16"));
  EXPECT_EQ(MissingFeatures(CpuPath::kAvx512, ice_lake), "");
  CpuFeatures refused = WithEverything();
  refused.tiles_granted = false;
  EXPECT_EQ(MissingFeatures(CpuPath::kAmx, refused),
            "the use of AMX tiles (arch_prctl ARCH_REQ_XCOMP_PERM)");
}

// Tiles serve in prefill alone.
bool RunsOnTiles(std::string_view operation) {
  return operation == "linear prefill" || operation == "attention prefill";
}

CpuPath PathOf(std::string_view operation, CpuPath forced) {
  if (forced != CpuPath::kAmx || RunsOnTiles(operation)) return forced;
  return CpuPath::kAvx512;
}

TEST(SelectTest, AForcedPathRunsEveryOperationThatItHas) {
  for (const CpuPath path : Kernels::AvailablePaths()) {
    const Kernels kernels = Kernels::Select(path);
    EXPECT_EQ(kernels.path(), path);
    ASSERT_EQ(kernels.Choices().size(), 7u);
    for (const Kernels::Choice& choice : kernels.Choices()) {
      EXPECT_EQ(choice.path, PathOf(choice.operation, path))
          << choice.operation;
    }
  }
}

TEST(SelectTest, TheBestPathIsTaken) {
  const CpuPath best = Kernels::AvailablePaths().back();
  EXPECT_EQ(Kernels::Select().path(), best);
  for (const Kernels::Choice& choice : Kernels::Select().Choices()) {
    EXPECT_EQ(choice.path, PathOf(choice.operation, best));
  }
}

TEST(SelectTest, ARowAboveTheForcedPathSaysWhyItDeclines) {
  for (const Kernels::Choice& choice :
       Kernels::Select(CpuPath::kReference).Choices()) {
    for (const auto& declined : choice.declined) {
      EXPECT_THAT(declined.reason, HasSubstr("reference"));
    }
  }
}

TEST(SelectTest, AnAbsentPathIsAnErrorThatNamesWhatIsMissing) {
  EXPECT_NO_THROW(RequireFeatures(CpuPath::kReference, CpuFeatures()));
  CpuFeatures old = WithEverything();
  old.avx512bw = old.avx512vnni = false;
  EXPECT_NO_THROW(RequireFeatures(CpuPath::kAvx2, old));
  try {
    RequireFeatures(CpuPath::kAvx512, old);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUnsupported);
    EXPECT_EQ(error.message(),
              "CPU path avx512 needs AVX512BW, AVX512_VNNI, which this CPU or "
              "its system lacks");
  }
}

TEST(SelectTest, OnlyPathsThatTheCpuHasCanBeForced) {
  const std::vector<CpuPath> available = Kernels::AvailablePaths();
  for (const CpuPath path : {CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAmx}) {
    if (std::find(available.begin(), available.end(), path) !=
        available.end()) {
      EXPECT_NO_THROW(Kernels::Select(path));
    } else {
      EXPECT_THROW(Kernels::Select(path), Error);
    }
  }
}

TEST(SelectTest, WhereTilesRunTheOtherOperationsSayWhyTheyDoNot) {
  const std::vector<CpuPath> available = Kernels::AvailablePaths();
  if (available.back() != CpuPath::kAmx) {
    GTEST_SKIP() << "no tiles: this CPU or its system lacks "
                 << MissingFeatures(CpuPath::kAmx, CpuFeatures::Detect());
  }
  for (const Kernels::Choice& choice : Kernels::Select().Choices()) {
    if (RunsOnTiles(choice.operation)) {
      EXPECT_TRUE(choice.declined.empty());
      continue;
    }
    ASSERT_EQ(choice.declined.size(), 1u) << choice.operation;
    EXPECT_EQ(choice.declined[0].path, CpuPath::kAmx);
    EXPECT_EQ(choice.declined[0].reason, "has no implementation of its own");
  }
}

TEST(SelectTest, OnlyTypesThatCanBeMultipliedAreSupported) {
  EXPECT_TRUE(Kernels::Supports(TensorType::kQ4_K));
  EXPECT_FALSE(Kernels::Supports(TensorType::kI8));
  EXPECT_FALSE(Kernels::Supports(TensorType::kQ8_K));
}

TEST(LimitsTest, AllOfTheMemoryIsRead) {
  for (const CpuPath path : Kernels::AvailablePaths()) {
    const Kernels kernels = Kernels::Select(path);
    for (const uint32_t words : {0, 1, 15, 16, 64, 65, 1000}) {
      std::vector<uint32_t> memory(words);
      uint32_t want = 0;
      for (uint32_t i = 0; i < words; ++i) {
        memory[i] = i * 2654435761u + 1;
        want += memory[i];
      }
      EXPECT_EQ(kernels.ReadMemory(memory.data(), 4 * memory.size()), want)
          << CpuPathName(path) << " " << words;
    }
  }
}

TEST(LimitsTest, OperationsAreCounted) {
  for (const CpuPath path : Kernels::AvailablePaths()) {
    const Kernels kernels = Kernels::Select(path);
    EXPECT_EQ(kernels.MultiplyInRegisters(0), 0);
    EXPECT_GT(kernels.MultiplyInRegisters(1), 0);
    EXPECT_EQ(kernels.MultiplyInRegisters(7),
              7 * kernels.MultiplyInRegisters(1));
  }
}

}  // namespace
}  // namespace fullstop::kernels
