/// Loads the page again every few seconds and puts its main part in the place of the old one. Says when the server is gone;
/// rests while nobody looks.
enum PageScript {
    static let text: HTML = """
        (() => {
          const period = 5000
          const note = document.getElementById('note')
          const began = document.querySelector('style').textContent
          let timer, busy = false, seen = new Date()
          document.documentElement.classList.add('scripted')
          const say = text => { if (note.textContent !== text) note.textContent = text; note.hidden = !text }
          const plan = () => { clearTimeout(timer); if (!document.hidden) timer = setTimeout(refresh, period) }
          const take = page => {
            const main = document.querySelector('main'), next = page.querySelector('main')
            const focus = document.activeElement && main.contains(document.activeElement) ? document.activeElement : null
            const all = ['summary', 'a', '.scroll'].map(kind => [kind, [...main.querySelectorAll(kind)].indexOf(focus)])
            for (const details of main.querySelectorAll('details[open]')) {
              const same = next.querySelector('#' + details.id)
              if (same) same.open = true
            }
            const places = [...main.querySelectorAll('.scroll')].map(box => [box.scrollLeft, box.scrollTop])
            main.replaceWith(next)
            next.querySelectorAll('.scroll').forEach((box, index) => {
              if (places[index]) [box.scrollLeft, box.scrollTop] = places[index]
            })
            for (const [kind, index] of all) {
              if (focus && index >= 0) next.querySelectorAll(kind)[index]?.focus({ preventScroll: true })
            }
            document.title = page.title
          }
          async function refresh() {
            if (busy) return
            busy = true
            try {
              const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(8000) })
              if (!answer.ok) throw new Error(answer.status)
              const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
              if (page.querySelector('style').textContent !== began) return location.reload()
              take(page)
              seen = new Date()
              say('')
              document.documentElement.dataset.refreshes = Number(document.documentElement.dataset.refreshes || 0) + 1
            } catch {
              say('The server does not answer. What is shown is of ' + seen.toLocaleTimeString() + '.')
            } finally {
              busy = false
              plan()
            }
          }
          document.addEventListener('visibilitychange', () => document.hidden ? clearTimeout(timer) : refresh())
          plan()
        })()
        """
}
