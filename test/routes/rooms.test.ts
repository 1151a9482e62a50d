import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { startBrowser } from '../helpers/browser.ts'
import { Client, refused } from '../helpers/client.ts'
import { frame } from '../helpers/definitions.ts'
import { type Examples, repository, startExamples } from '../helpers/examples.ts'

function enter({ ws }: Examples, room: string, name: string): Promise<Client> {
  const query = new URLSearchParams({ room, name })
  // As the page does, from the disk.
  return Client.connect(`${ws}/rooms/dev?${query}`, { headers: { Origin: 'null' } })
}

async function ask(client: Client, message: object): Promise<unknown> {
  client.send(message)
  return JSON.parse(await client.next())
}

/** Whoever has an answer is in its room. */
async function settled(clients: readonly Client[]): Promise<void> {
  for (const each of clients) await ask(each, { action: 'who' })
}

test('what is said in a room reaches everyone in it, and nobody else, whatever names and texts are', async () => {
  const examples = await startExamples()
  const name = `o'neil "\\é😀</script>\n`
  const [ada, bob, eve] = await Promise.all([
    enter(examples, 'attic', 'ada'),
    enter(examples, 'attic', name),
    enter(examples, 'cellar', 'eve'),
  ])
  await settled([ada, bob, eve])
  expect(await ask(ada, { action: 'who' })).toEqual({ type: 'who', count: 2 })
  expect(await ask(eve, { action: 'who' })).toEqual({ type: 'who', count: 1 })
  const text = `it's "quoted" \\ ${name}`
  const said = { type: 'said', name, text }
  expect(await ask(bob, { action: 'say', room: 'cellar', text })).toEqual(said)
  expect(JSON.parse(await ada.next())).toEqual(said)
  bob.close()
  expect(JSON.parse(await ada.next())).toEqual({ type: 'left', name })
  expect(await ask(ada, { action: 'who' })).toEqual({ type: 'who', count: 1 })
  expect(eve.unread).toEqual([])
})

test('the calls of the README reach a room, and a user', async () => {
  const examples = await startExamples()
  const [ada, bob] = await Promise.all([enter(examples, 'attic', 'ada'), enter(examples, 'attic', 'bob')])
  await settled([ada, bob])
  const readme = await readFile(join(repository, 'routes', 'rooms', 'README.md'), 'utf8')
  const calls = [...readme.matchAll(/^curl -d '(.*)' http:\/\/127\.0\.0\.1:8080(\S+)$/gm)]
  expect(calls).toHaveLength(2)
  for (const [, body = '', path = ''] of calls) {
    expect((await fetch(examples.http + path, { method: 'POST', body })).status).toBe(202)
    expect(await ada.next()).toBe(body)
  }
  expect(await bob.next()).toContain('good evening')
  expect(bob.unread).toEqual([])
})

test('there is no room without a name that the pattern allows, and no client from a page elsewhere', async () => {
  const { ws } = await startExamples()
  for (const query of ['room=../x&name=ada', 'name=ada', `room=${'x'.repeat(31)}&name=ada`, 'room=&name=ada']) {
    const { status, body } = await refused(`${ws}/rooms/dev?${query}`)
    expect([status, body], query).toEqual([400, expect.stringMatching(frame('Invalid group name'))])
  }
  expect((await refused(`${ws}/rooms/dev?room=attic`)).status).toBe(400)
  expect(
    (await refused(`${ws}/rooms/dev?room=attic&name=ada`, { headers: { Origin: 'https://evil.example' } })).status,
  ).toBe(403)
})

test('two who have opened the page from the disk talk to each other', async () => {
  const [{ ws }, browser] = await Promise.all([startExamples(), startBrowser()])
  onTestFinished(() => browser.close())
  const faults: string[] = []
  const name = `<b>bob</b> & o'neil`

  async function open(who: string): Promise<Page> {
    const page = await browser.newPage()
    page.on('pageerror', ({ message }) => faults.push(message))
    await page.goto(pathToFileURL(join(repository, 'routes', 'rooms', 'index.html')).href)
    await page.getByLabel('Where the gateway is').fill(`${ws}/rooms/dev`)
    await page.getByLabel('Your name').fill(who)
    await page.getByRole('button', { name: 'Enter' }).click()
    return page
  }
  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message').fill(text)
    await page.getByRole('button', { name: 'Say' }).click()
  }
  const expectLines = (page: Page, lines: readonly string[]) =>
    expect.poll(() => page.locator('#lines li').allTextContents(), { timeout: 20_000 }).toEqual(lines)

  const ada = await open('ada')
  await expectLines(ada, ['1 in the room'])
  const bob = await open(name)
  await expectLines(bob, ['2 in the room'])
  const talk = ['ada: hello "bob" <i>é😀</i>', `${name}: hello`]
  await say(ada, 'hello "bob" <i>é😀</i>')
  await expectLines(bob, ['2 in the room', ...talk.slice(0, 1)])
  await say(bob, 'hello')
  await expectLines(ada, ['1 in the room', ...talk])
  await expectLines(bob, ['2 in the room', ...talk])
  await bob.close()
  await expectLines(ada, ['1 in the room', ...talk, `${name} has left`])
  expect(faults).toEqual([])
})

test('the page sends what the API takes, and knows each kind of frame that the API makes', async () => {
  const [page = '', api = ''] = await Promise.all(
    ['index.html', 'api.yaml'].map((name) => readFile(join(repository, 'routes', 'rooms', name), 'utf8')),
  )
  const actions = [...page.matchAll(/action: '(\w+)'/g)].map(([, action]) => action)
  expect(actions.sort()).toEqual(['say', 'who'])
  for (const action of actions) expect(api).toContain(`  ${action}:\n`)
  const types = [...api.matchAll(/\\?"type\\?":\\?"(\w+)/g)].map(([, type]) => type)
  expect(types.sort()).toEqual(['left', 'said', 'who'])
  for (const type of types) expect(page).toMatch(new RegExp(`^ +${type}: \\(`, 'm'))
})
