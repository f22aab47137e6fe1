using System.Globalization;
using System.Text;
using CuteDl.Core.Data;

namespace CuteDl.Cli;

/// <summary>What a study's folder gets when it ends.</summary>
internal static class StudyFiles
{
    /// <summary>Writes the report of a study into its folder.</summary>
    /// <returns>The file to open.</returns>
    public static string Write(StudyResult result)
    {
        var path = Path.Combine(result.Folder!, "results.csv");
        var text = new StringBuilder("phase,task,contender,setting,seed,optimizer,ending,steps,steps_to_target,final_loss,final_accuracy,parameters\n");
        foreach (var trial in result.Trials)
        {
            text.Append(CultureInfo.InvariantCulture, $"{trial.Trial.Phase},{trial.Trial.Task},{trial.Trial.Contender},{trial.Trial.Setting},{trial.Trial.Seed},\"{trial.Trial.Optimizer}\",{trial.Ending},{trial.Steps},{trial.StepsToTarget},{trial.Final?.Loss},{trial.Final?.Accuracy},{trial.Parameters:x16}\n");
        }

        AtomicFile.write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
        return path;
    }
}
