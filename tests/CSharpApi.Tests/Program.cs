using CuteDl.Testing;
using CuteDl.Tests;

return Runner.Main(Spec.List("facade", MnistFilesTests.All), args);
