// Runs before anything is painted, so that a page that was asked to be dark never flashes white.
{
  const asked = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem('coldstream.theme')
  if (asked === 'dark' || asked === 'light') document.documentElement.dataset.theme = asked
}
