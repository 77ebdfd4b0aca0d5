#include "engine/model_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

class ModelStoreTest : public ::testing::Test {
 protected:
  ModelStoreTest() {
    ::setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
    std::filesystem::create_directories(ModelsFolder());
    WriteFileAtomically(ModelsFolder() + "/known.gguf", "x");
  }

  TestFolder folder_;
};

TEST_F(ModelStoreTest, PathOfAFileIsTakenAsItIs) {
  const std::string path = ModelsFolder() + "/known.gguf";
  EXPECT_EQ(ResolveModel(path), path);
}

TEST_F(ModelStoreTest, NameIsFoundWithAndWithoutExtension) {
  EXPECT_EQ(ResolveModel("known"), ModelsFolder() + "/known.gguf");
  EXPECT_EQ(ResolveModel("known.gguf"), ModelsFolder() + "/known.gguf");
}

TEST_F(ModelStoreTest, UnknownNameListsTheKnownOnes) {
  try {
    ResolveModel("other");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kNotFound);
    EXPECT_NE(error.advice().find("known.gguf"), std::string::npos);
  }
}

TEST_F(ModelStoreTest, PathThatDoesNotExistIsNoName) {
  EXPECT_THROW(ResolveModel("./known"), Error);
}

TEST_F(ModelStoreTest, AbsentDefaultModelSaysHowToFetchIt) {
  try {
    ResolveModel("");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.advice().find("quickstart"), std::string::npos);
  }
}

TEST_F(ModelStoreTest, FolderIsAModelByPathAndByName) {
  EXPECT_EQ(ResolveModel(folder_.path()), folder_.path());
  const std::string model = ModelsFolder() + "/whole";
  std::filesystem::create_directories(model);
  EXPECT_THROW(ResolveModel("whole"), Error) << "there is no config.json";
  WriteFileAtomically(model + "/config.json", "{}");
  EXPECT_EQ(ResolveModel("whole"), model);
}

}  // namespace
}  // namespace fullstop
