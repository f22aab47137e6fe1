using Expecto;

namespace CuteDl.Tests;

/// <summary>Expects exceptions of tasks. <c>Spec.Throws</c> does so for actions.</summary>
internal static class AsyncExpect
{
    /// <summary>Returns the exception that a task throws; fails if it throws none.</summary>
    public static async Task<TError> ThrowsAsync<TError>(Func<Task> act)
        where TError : Exception
    {
        try
        {
            await act();
        }
        catch (TError error)
        {
            return error;
        }

        throw new AssertException("nothing was thrown.");
    }
}
